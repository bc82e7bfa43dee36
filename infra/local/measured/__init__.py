"""What measured days, and hours that came later, say of our energy model: `ac-advisor backtest`."""
