"""Network: heat in walls by finite differences, as nodes with capacities that conductances join.

    C dT/dt = -K T + u      (C: capacities, K: conductances, u: what comes from outside and from the air)

Each layer of a wall is one node in its middle; the air of each zone is a node. In time it is solved by the
backward Euler method with a matrix that is inverted once, so any step is stable, and the heat that leaves one
node arrives at the next to the last bit.
"""

from dataclasses import dataclass

import numpy as np

from device_sim.noise import Floats
from device_sim.zoned.materials import LAYERS, Layers


@dataclass(frozen=True, slots=True)
class Surface:
    """Where a construction ends.

    Attributes:
        area_m2: Its area, `(homes,)`.
        outer_m2_k_w: Resistance of the outer surface [m² K/W].
        inner_w_m2_k: From the inner surface to the zone, air and radiation together [W/(m² K)].
        exposed: 1 where it meets weather or ground, 0 where neighbours are as warm as the home, `(homes,)`.
    """

    area_m2: Floats
    outer_m2_k_w: float
    inner_w_m2_k: float
    exposed: Floats


class Network:
    """The heat network of all homes.

    Args:
        homes: How many.
        nodes: How many nodes each has.

    Attributes:
        capacity_j_k: `(homes, nodes)`.
        conductance_w_k: K without what goes outside, `(homes, nodes, nodes)`.
        outside_w_k: From each node straight to its own outside temperature, `(homes, nodes)`.
    """

    def __init__(self, homes: int, nodes: int) -> None:
        self.capacity_j_k = np.zeros((homes, nodes))
        self.conductance_w_k = np.zeros((homes, nodes, nodes))
        self.outside_w_k = np.zeros((homes, nodes))

    def join(self, first: int, second: int, w_k: Floats) -> None:
        """Let heat pass between two nodes [W/K], `(homes,)`."""
        for node, other in ((first, second), (second, first)):
            self.conductance_w_k[:, node, node] += w_k
            self.conductance_w_k[:, node, other] -= w_k

    def build(self, first: int, air: int, layers: Layers, surface: Surface) -> None:
        """Put a construction between the air node of a zone and the outside.

        Args:
            first: Its outermost node; `LAYERS` nodes follow each other inwards.
            air: The zone's air node.
            layers: Of the construction.
            surface: Where it ends.
        """
        half = layers.resistance_m2_k_w / 2.0
        area = surface.area_m2
        self.capacity_j_k[:, first : first + LAYERS] = layers.capacity_j_m2_k * area[:, None]
        for place in range(LAYERS - 1):
            self.join(first + place, first + place + 1, area / (half[:, place] + half[:, place + 1]))
        last = first + LAYERS - 1
        self.join(last, air, area / (half[:, -1] + 1.0 / surface.inner_w_m2_k))
        self.outside_w_k[:, first] += surface.exposed * area / (half[:, 0] + surface.outer_m2_k_w)

    def matrix_w_k(self) -> Floats:
        """K with what goes outside, `(homes, nodes, nodes)`."""
        nodes = self.capacity_j_k.shape[1]
        return np.asarray(self.conductance_w_k + self.outside_w_k[:, :, None] * np.eye(nodes))

    def stepper_k_w(self, step_s: float, capacity_j_k: Floats | None = None) -> Floats:
        """Inverse of C/dt + K: times C/dt T + u it is the temperature after a step.

        Args:
            step_s: Length of the step [s].
            capacity_j_k: Other capacities than the network's, `(homes, nodes)`.
        """
        capacity = self.capacity_j_k if capacity_j_k is None else capacity_j_k
        nodes = capacity.shape[1]
        return np.asarray(np.linalg.inv(self.matrix_w_k() + capacity[:, :, None] / step_s * np.eye(nodes)))


def times(matrix: Floats, vector: Floats) -> Floats:
    """A matrix of each home times a vector of each, `(homes, nodes)`."""
    return np.asarray((matrix @ vector[:, :, None])[:, :, 0])
