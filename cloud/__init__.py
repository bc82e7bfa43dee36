"""The cloud: readings become history, history becomes models, models become advice."""
