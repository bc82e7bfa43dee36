"""Templates of Home Assistant's discovery, which strangers write."""

from datetime import UTC, datetime

import pytest

from edge.dialects.home_assistant.templates import MAX_RENDER_S, render
from edge.errors import UnreadableError


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("{{ value_json.a | float * 2 + 1 }}", "11.0"),
        ("{{ value_json['n'].x | default('none') }}", "none"),
        ("{{ iif(value_json.a > 3, 'cool', 'off') }}", "cool"),
        ("{{ value_json.a | iif('on', 'off') }}", "on"),
        ("{{ value_json.bad | float(7) | int }}", "7"),
        ("{{ value_json.absent | is_defined }}", None),
        ("{% set m = {'k': 'dry'} %}{{ m[value_json.k] }}", "dry"),
        ("{% if value_json.k is defined %}{{ value_json.k | upper }}{% endif %}", "K"),
        ("{{ ''.__class__.__mro__ }}", ""),
    ],
)
def test_templates_say_what_they_say_in_home_assistant(template: str, result: str | None) -> None:
    assert render(template, '{"a": 5, "k": "k", "bad": "x"}') == result


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 999999999 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ '%999999999d' % 3 }}",
        "{{ '{:>999999999}'.format(3) }}",
        "{% set a = 'xxxxxxxx' %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
        "{{ value | replace('', 'xxxxxxxxxxxxxxxxxxxxxxxx') }}" * 30,
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include '/etc/passwd' %}",
        "{{ range(10) }}",
        "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
        "{{ value_json.a",
        "x" * 3000,
    ],
)
def test_a_template_cannot_make_the_gateway_work_long(template: str) -> None:
    began = datetime.now(UTC)

    with pytest.raises(UnreadableError):
        render(template, '{"a": "' + "y" * 3000 + '"}')

    assert (datetime.now(UTC) - began).total_seconds() < MAX_RENDER_S * 20
