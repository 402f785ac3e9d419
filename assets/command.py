"""The `modelspend` command: the app, its groups of commands, and how an error ends a process.

Modules named `command_*` hold the commands by noun. Only light modules are imported here, so that
`--help` and a mistyped option answer at once; a command imports what it needs when it runs.
"""

import os
import sys
import warnings
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from assets.command_calibrate import calibrate
from assets.command_close import close
from assets.command_compare import compare
from assets.command_demo import demo
from assets.command_explain import explain
from assets.command_export import export
from assets.command_formula import formula
from assets.command_init import init
from assets.command_inspect import inspect
from assets.command_lifetime import lifetime
from assets.command_options import EXIT_CODES
from assets.command_predict import predict
from assets.command_registry import registry
from assets.command_run import backfill, run
from assets.command_show import months, show
from assets.command_units import units, usage
from assets.command_upgrade import upgrade
from pipelines.errors import ModelspendError

DEBUG_VARIABLE = "MODELSPEND_DEBUG"
INTERRUPTED = "Interrupted. A month that was not published yet is as it was."


class Commands(TyperGroup):
    """The group of commands; errors end the process as text and an exit code, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; usage errors and broken pipes are left to Typer."""
        debug = bool(ctx.params.get("debug") or os.environ.get(DEBUG_VARIABLE))
        if not debug:
            warnings.simplefilter("ignore")
        try:
            return super().invoke(ctx)
        except ModelspendError as error:
            if debug:
                raise
            typer.echo(str(error), err=True)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            typer.echo(INTERRUPTED, err=True)
            raise typer.Exit(130) from None


app = typer.Typer(
    name="modelspend",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=EXIT_CODES,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"modelspend {version('modelspend')}")
        except PackageNotFoundError:
            typer.echo("modelspend (from source, not installed)")
        raise typer.Exit


@app.callback()
def modelspend(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and warnings of libraries.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and stop.", is_eager=True, callback=_show_version
        ),
    ] = False,
) -> None:
    """What each AI model version really cost, reconciled to the bill to the last cent.

    Start with `modelspend demo`: a made-up shop's quarter, run and shown.
    """


SUMMARIES: Final[dict[str, tuple[Callable[..., None], str]]] = {
    "demo": (demo, "A made-up shop's quarter: write it, run it, show it."),
    "init": (init, "Write commented settings and catalogue to start from."),
    "inspect": (inspect, "Say what a bill's export or a log is, and how to set it up."),
    "run": (run, "Run one billing month and publish it."),
    "backfill": (backfill, "Run several months, oldest first."),
    "close": (close, "Close a month: its figures stay."),
    "months": (months, "List the published months."),
    "show": (show, "Review a month, or several side by side."),
    "units": (units, "Show what one unit cost."),
    "usage": (usage, "Show billed units beside logged ones."),
    "predict": (predict, "Show what plan, formula and calibration predict."),
    "compare": (compare, "Tell predicted and actual apart by named variance."),
    "lifetime": (lifetime, "Show what versions have cost since their first run."),
    "calibrate": (calibrate, "Learn of closed months; watch for drift."),
    "explain": (explain, "Walk a figure down to its bill lines."),
    "formula": (formula, "List the formulas, show one, or work one out."),
    "upgrade": (upgrade, "Add a new version's columns to the lake."),
    "export": (export, "Write a month as a FOCUS dataset."),
}
for name, (command, summary) in SUMMARIES.items():
    app.command(name, short_help=summary)(command)
app.add_typer(registry, name="registry", short_help="Ask the registries; show what they tell.")


def _was_interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C is behind an error: DuckDB and Dagster turn it into errors of their own."""
    chain: list[BaseException] = [error]
    for one in chain:  # Dagster links errors in circles
        if isinstance(one, KeyboardInterrupt) or "Interrupt" in type(one).__name__:
            return True
        if isinstance(one, RuntimeError) and str(one) == "Query interrupted":
            return True
        for behind in (one.__cause__, one.__context__):
            if behind is not None and not any(behind is known for known in chain):
                chain.append(behind)
    return False


def main() -> None:
    """The entry point of the `modelspend` script."""
    try:
        app()
    except BaseException as error:
        # The last resort: what was not foreseen is a fault of ours and is said as one. Dagster's
        # interruption is no Exception.
        if isinstance(error, SystemExit):
            raise
        if _was_interrupted(error):
            typer.echo(INTERRUPTED, err=True)
            sys.exit(130)
        if "--debug" in sys.argv[1:] or os.environ.get(DEBUG_VARIABLE):
            raise
        typer.echo(
            f"{type(error).__name__}: {error}\nThis is a fault of modelspend. "
            f"`modelspend --debug ...` (or {DEBUG_VARIABLE}=1) shows where it happened.",
            err=True,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
