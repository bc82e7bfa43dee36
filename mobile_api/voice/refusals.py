"""Refusals: why something that was asked by voice was not done; each vendor has its own words for them."""


class VoiceRefusal(Exception):  # noqa: N818 (an answer, not a fault)
    """Root: what was asked was not done, and this is why."""


class OfflineRefusal(VoiceRefusal):
    """The device has not been heard lately."""

    def __init__(self) -> None:
        super().__init__("the device has not been heard lately")


class IsOffRefusal(VoiceRefusal):
    """It makes no sense while the device is off."""

    def __init__(self) -> None:
        super().__init__("the device is off")


class WrongModeRefusal(VoiceRefusal):
    """It makes no sense in the mode that the device is in."""

    def __init__(self, mode: str) -> None:
        super().__init__(f"no setpoint is in force in mode {mode!r}")


class OutOfRangeRefusal(VoiceRefusal):
    """No device is asked for this."""

    def __init__(self) -> None:
        super().__init__("the temperature is out of range")


class UnsupportedModeRefusal(VoiceRefusal):
    """The device cannot do this."""

    def __init__(self, mode: str) -> None:
        super().__init__(f"the device has no mode {mode!r}")


class NoAdviceRefusal(VoiceRefusal):
    """There is nothing to follow, or its people only want to look."""

    def __init__(self, why: str) -> None:
        super().__init__(why)


class UnknownStateRefusal(VoiceRefusal):
    """What it depends on is not known."""

    def __init__(self) -> None:
        super().__init__("the present setpoint is not known")


class DeclinedRefusal(VoiceRefusal):
    """The site refused it."""

    def __init__(self) -> None:
        super().__init__("the site refused it")


class UnconfirmedRefusal(VoiceRefusal):
    """It is on its way, and the device has not confirmed it in time: `done` may not be said."""

    def __init__(self) -> None:
        super().__init__("sent, not confirmed")
