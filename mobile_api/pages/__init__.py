"""The pages: everything that a person does in a browser, over the same functions as the API's routes."""
