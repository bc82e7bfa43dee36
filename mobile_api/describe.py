"""`python -m mobile_api.describe`: print the OpenAPI document, to compare or to keep it."""

import sys

from mobile_api.app import description

if __name__ == "__main__":
    sys.stdout.write(description() + "\n")
