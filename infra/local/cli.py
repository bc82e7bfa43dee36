"""The `ac-advisor` command: everything that one machine can do, each with `--help` and `--json`.

Modules are imported by the command that needs them: `ac-advisor --help` must not load LightGBM.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from infra.local.admin_command import admin
from infra.local.aws_command import aws
from infra.local.bench_command import bench
from infra.local.clients_command import clients
from infra.local.command_options import data_dir_option, json_option, say
from infra.local.deadletters_command import deadletters
from infra.local.devices_command import devices
from infra.local.errors import LocalError
from infra.local.keys_command import keys
from infra.local.lake_command import lake
from infra.local.list_option import ListOption
from infra.local.measured.command import backtest
from infra.local.models_command import models
from infra.local.monitor_command import monitor
from infra.local.quality_command import quality
from infra.local.savings_command import savings
from infra.local.train_command import train, triggers

WEB_PORT, MQTT_PORT = 8080, 1883

web_port_option = click.option("--web-port", default=WEB_PORT, show_default=True)
mqtt_port_option = click.option("--mqtt-port", default=MQTT_PORT, show_default=True)


def environment() -> Mapping[str, str]:
    """What our processes inherit; settings come on top."""
    return dict(os.environ)  # noqa: TID251 (handed to children, never read)


def main() -> None:
    """Run the command; what went wrong is said in one line."""
    from cloud.errors import CloudError  # noqa: PLC0415 (as in every command)
    from cloud.logs import configure_logs  # noqa: PLC0415 (as in every command)
    from device_sim.errors import SimulatorError  # noqa: PLC0415 (as in every command)
    from mobile_api.errors import ApiError  # noqa: PLC0415 (as in every command)

    _end_in_order()
    configure_logs(as_json=not sys.stderr.isatty())
    try:
        commands(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except (ApiError, CloudError, LocalError, SimulatorError) as error:
        click.echo(f"ac-advisor: {error}", err=True)
        sys.exit(1)


def _known_weather(_context: click.Context, _option: click.Parameter, value: str) -> str:
    from cloud.config import WEATHER  # noqa: PLC0415 (as in every command)

    if re.fullmatch(WEATHER, value):
        return value
    raise click.BadParameter("none, open-meteo or file:PATH")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """Energy advice for smart air conditioners."""


_GROUPS = (
    admin,
    aws,
    backtest,
    bench,
    clients,
    deadletters,
    devices,
    keys,
    lake,
    models,
    monitor,
    quality,
    savings,
    train,
    triggers,
)
for group in _GROUPS:
    commands.add_command(group)


@commands.command()
@click.option("--homes", default=40, show_default=True, type=click.IntRange(2, 500))
@click.option("--learning-days", default=14, show_default=True, type=click.IntRange(2, 120))
@click.option("--search-days", default=14, show_default=True, type=click.IntRange(1, 120))
@click.option("--advised-days", default=14, show_default=True, type=click.IntRange(1, 120))
@click.option("--seed", default=20260601, show_default=True)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Emptied first, if it is a demo's.",
)
@web_port_option
@mqtt_port_option
@click.option("--exit", "end", is_flag=True, help="End when the table is printed.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures to this file.")
def demo(end: bool, json_path: Path | None, **options: Any) -> None:  # noqa: ANN401, FBT001 (click's)
    """Play a simulated fleet through the whole loop and measure what was saved."""
    from infra.local.demo import Demo, DemoOptions  # noqa: PLC0415 (as in every command)
    from infra.local.preflight import next_free_port  # noqa: PLC0415 (as in every command)
    from infra.local.story import Story  # noqa: PLC0415 (as in every command)

    options["web_port"] = next_free_port(options["web_port"])
    options["mqtt_port"] = next_free_port(options["mqtt_port"])
    console = Console(soft_wrap=True)
    played = Demo(DemoOptions(**options), environment(), Story(console))
    try:
        summary = played.run()
        if json_path is not None:
            summary.write(json_path)
        if not end:
            console.print("The homes live on, slowly. Ctrl-C ends everything.")
            played.serve()
    finally:
        played.close()


@commands.command()
@data_dir_option
@web_port_option
@mqtt_port_option
@click.option("--timezone", default="UTC", show_default=True, help="Of the site behind the gateway.")
@click.option("--share-presence", is_flag=True, help="The site consents that `motion` leaves it.")
@click.option(
    "--weather",
    default="none",
    show_default=True,
    envvar="CLOUD_WEATHER",
    callback=_known_weather,
    help="Forecasts: none, open-meteo (it learns where homes are, to 0.1 degrees) or file:PATH.",
)
@json_option
def up(as_json: bool, **options: Any) -> None:  # noqa: ANN401, FBT001 (click's)
    """Run the stack for real devices until Ctrl-C."""
    from infra.local.stack import Stack  # noqa: PLC0415 (as in every command)
    from infra.local.stack_settings import StackSettings  # noqa: PLC0415 (as in every command)

    stack = Stack(StackSettings(**options, trains=True), environment())
    stack.start()
    try:
        facts = {
            "page": f"http://127.0.0.1:{options['web_port']}",
            "mqtt": f"127.0.0.1:{options['mqtt_port']}",
            "data_dir": str(options["data_dir"]),
        }
        say(facts, as_json=as_json)
        stack.supervisor.wait()
    finally:
        stack.stop()


@commands.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--format", "format_name", required=True, type=click.Choice(["ecobee", "hilft", "home-assistant"])
)
@click.option("--timezone", help="IANA name; required for files whose stamps are local time.")
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path("var/replay"), show_default=True)
@mqtt_port_option
@json_option
def replay(
    directory: Path,
    format_name: str,
    timezone: str | None,
    data_dir: Path,
    mqtt_port: int,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Let recorded homes publish as devices, into the lake of a stack that runs meanwhile."""
    from infra.local.preflight import next_free_port  # noqa: PLC0415 (as in every command)
    from infra.local.replay_run import run_replay  # noqa: PLC0415 (as in every command)
    from infra.local.stack_settings import StackSettings  # noqa: PLC0415 (as in every command)

    settings = StackSettings(data_dir, next_free_port(WEB_PORT), next_free_port(mqtt_port), clock="telemetry")
    zone = None if timezone is None else _zone(timezone)
    say(run_replay(directory, format_name, zone, settings, environment()), as_json=as_json)


@commands.command()
@click.option("--homes", type=click.IntRange(2, 1000), help="Default: 40, or 60 with --protocol.")
@click.option("--seed", type=int, help="Default: 1; with --protocol, of the first climate.")
@click.option(
    "--climate", help="A name of the simulated weather. Default: hot_dry, or three with --protocol."
)
@click.option("--split", type=click.Choice(["validate", "test"]), default="test", show_default=True)
@click.option("--family", help="Which simulator. Default: homes.")
@click.option("--learning-days", default=14, show_default=True, type=click.IntRange(2, 120))
@click.option("--search-days", default=28, show_default=True, type=click.IntRange(0, 120))
@click.option("--advised-days", default=14, show_default=True, type=click.IntRange(1, 120))
@click.option("--arms", type=ListOption(), help="Such as +1,motion,advisor. Default: all.")
@click.option("--lambdas", type=ListOption(float), help="Play the advisor at each, such as 5,10,20,40.")
@click.option("--controller", metavar="MODULE:CLASS", help="Play other people's controller too.")
@click.option("--tariff", help="Plan and bill by real prices: pge, pvpc, or a CSV file with at,per_kwh.")
@click.option("--protocol", is_flag=True, help="The fixed protocol: three climates, rules, advisor, oracle.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 256))
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to this file.")
@click.option("--plots", type=click.Path(path_type=Path), help="Draw the figures into this folder.")
def evaluate(**options: Any) -> None:  # noqa: ANN401 (click's)
    """Judge the shipped champion's advice in closed loop on simulated homes, paired with their habit."""
    from infra.local.judging.command import run  # noqa: PLC0415 (as in every command)

    run(options)


@commands.command()
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to this file.")
@click.option(
    "--plots", "plots_dir", type=click.Path(path_type=Path), help="Draw reliability into this folder."
)
def comfort(json_path: Path | None, plots_dir: Path | None) -> None:
    """Judge the models of comfort on votes of studies that they have not seen, beside PMV."""
    from infra.local.comfort_study import study_comfort  # noqa: PLC0415 (as in every command)
    from infra.local.comfort_table import plot_study, print_study  # noqa: PLC0415 (as in every command)
    from infra.local.comfort_votes import read_votes  # noqa: PLC0415 (as in every command)

    study = study_comfort(read_votes())
    print_study(Console(soft_wrap=True), study)
    if json_path is not None:
        json_path.parent.mkdir(parents=True, exist_ok=True)
        json_path.write_text(json.dumps(study.to_json(), indent=1) + "\n")
    if plots_dir is not None:
        plot_study(study, plots_dir)


@commands.command()
@click.option("--homes", default=200, show_default=True, type=click.IntRange(1, 99_999))
@click.option("--days", type=click.IntRange(1, 3660), help="Default: 1, or 14 with --check.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("var/sim"), show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--split",
    type=click.Choice(["train", "validate", "test", "demo"]),
    default="train",
    show_default=True,
    help="Splits share neither homes nor weather.",
)
@click.option("--climate", default="hot_dry", show_default=True, help="Of the weather, and of the sizing.")
@click.option(
    "--weather-file",
    type=click.Path(path_type=Path),
    help="EPW, TMY2, TMY3 or city file instead of the generator.",
)
@click.option("--timezone", default="America/Phoenix", show_default=True, help="Of the weather file.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]),
    default="2025-07-01T07:00",
    show_default=True,
    help="UTC.",
)
@click.option("--step-s", default=300, show_default=True, help="Whole minutes, up to an hour.")
@click.option("--policy", type=click.Choice(["habit", "randomised"]), default="habit", show_default=True)
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 256))
@click.option(
    "--heat-waves", default=0.0, show_default=True, help="Severe ones a summer, on top of the weather."
)
@click.option("--faults", type=click.Path(path_type=Path), help="JSON list of faults, or a whole fault plan.")
@click.option(
    "--occupancy",
    type=click.Path(path_type=Path),
    help="Folder of measured schedules (occupancy_ross): presence is by them, --check compares with them.",
)
@click.option("--check", is_flag=True, help="Write nothing; compare the homes with published facts.")
@click.option("--strict", is_flag=True, help="With --check: exit 1 when a fact is outside its range.")
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path),
    help="Write nothing; compare the machines with measured power (folder of hilft_ashp).",
)
@click.option("--plot", type=click.Path(path_type=Path), help="With --calibrate: draw it into this file.")
@json_option
def sim(as_json: bool, check: bool, strict: bool, **options: Any) -> None:  # noqa: ANN401, FBT001 (click's)
    """Simulate homes straight into Parquet, in the layout of the lake; or check them against facts."""
    from infra.local.sim_command import check_facts, make_lake, show_calibration  # noqa: PLC0415 (as in every command)

    if options["calibrate"] is not None:
        show_calibration(options["calibrate"], options["plot"], as_json=as_json)
    elif not check:
        say(make_lake(options), as_json=as_json)
    elif not check_facts(options, as_json=as_json) and strict:
        sys.exit(1)


@commands.command()
@data_dir_option
@web_port_option
@mqtt_port_option
@json_option
def doctor(data_dir: Path, web_port: int, mqtt_port: int, as_json: bool) -> None:  # noqa: FBT001
    """Say what is wrong with this machine and with what has run here, and how to fix it."""
    from infra.local.preflight import Port, examine  # noqa: PLC0415 (as in every command)
    from infra.local.stack_health import examine_stack  # noqa: PLC0415 (as in every command)

    ports = (Port(web_port, "web page and API", "--web-port"), Port(mqtt_port, "MQTT", "--mqtt-port"))
    findings = [*examine(data_dir, ports), *examine_stack(data_dir)]
    say({finding.check: str(finding) for finding in findings}, as_json=as_json)
    if any(finding.problem for finding in findings):
        sys.exit(1)


def _end_in_order() -> None:
    """Have signals raise, so that what we started is stopped; `nohup` keeps its meaning."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda signal_number, _frame: sys.exit(128 + signal_number))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise click.BadParameter(f"no time zone {name!r}", param_hint="--timezone") from error
