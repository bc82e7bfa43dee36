"""Sky: how much sun a cloudless sky lets through, where no forecast says how much there is."""

import numpy as np

from cloud.thermal.rows import Floats

_DAY_S = 86_400.0
_EPOCH_YEAR_DAYS = 365.2425


def clear_sky_ghi_w_m2(times_s: Floats, latitude_deg: Floats, longitude_deg: Floats) -> Floats:
    """Sunshine on the horizontal under a cloudless sky.

    Haurwitz (1945), "Insolation in relation to cloudiness and cloud density", J. Meteorology 2: 1098 cos z
    exp(-0.057 / cos z). Declination and equation of time by Spencer (1971), "Fourier series representation of
    the position of the sun", Search 2.

    Args:
        times_s: Instants [s since 1970], (n,) the same for all homes, or (h, n).
        latitude_deg: Of the homes, north positive [°], (h,).
        longitude_deg: Of the homes, east positive [°], (h,).

    Returns:
        (h, n) [W/m²].
    """
    days = times_s / _DAY_S
    angle = 2 * np.pi * ((days % _EPOCH_YEAR_DAYS) / _EPOCH_YEAR_DAYS)
    declination = (
        0.006918
        - 0.399912 * np.cos(angle)
        + 0.070257 * np.sin(angle)
        - 0.006758 * np.cos(2 * angle)
        + 0.000907 * np.sin(2 * angle)
    )
    equation_h = (
        229.18
        / 60
        * (
            0.000075
            + 0.001868 * np.cos(angle)
            - 0.032077 * np.sin(angle)
            - 0.014615 * np.cos(2 * angle)
            - 0.040849 * np.sin(2 * angle)
        )
    )
    solar_h = days % 1.0 * 24 + equation_h + longitude_deg[:, np.newaxis] / 15
    latitude = np.radians(latitude_deg)[:, np.newaxis]
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(
        np.radians(15 * (solar_h - 12))
    )
    up = height > 0
    above = np.where(up, height, 1.0)
    return np.where(up, 1098.0 * above * np.exp(-0.057 / above), 0.0)
