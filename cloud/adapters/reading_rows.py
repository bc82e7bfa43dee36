"""The rows of `cloud.reading_rows`, for the adapters that store them."""

from cloud.reading_rows import FIELDS as FIELDS
from cloud.reading_rows import PLAIN_FIELDS as PLAIN_FIELDS
from cloud.reading_rows import Row as Row
from cloud.reading_rows import ceiling_milliseconds as ceiling_milliseconds
from cloud.reading_rows import instant_of as instant_of
from cloud.reading_rows import milliseconds as milliseconds
from cloud.reading_rows import reading_of as reading_of
from cloud.reading_rows import row_of as row_of
