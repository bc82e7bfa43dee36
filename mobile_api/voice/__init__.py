"""Voice assistants: Alexa and Google Home, over the same advice and the same commands as the app."""
