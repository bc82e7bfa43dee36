"""Data quality: what is not plausible in readings that the contract has accepted; flagged, never dropped."""
