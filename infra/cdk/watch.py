"""Watch: alarms to a topic, a dashboard, and a budget."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.cdk.ingest import Ingest
from infra.cdk.services import Api
from infra.cdk.settings import Parameters
from infra.cdk.storage import Storage

NAMESPACE = "AcAdvisor"
"""`cloud.adapters.emf_metrics.NAMESPACE`; a test holds the two together."""

FIVE_MINUTES = Duration.minutes(5)
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Limit:
    """When a metric is an alarm: reached or passed `times` periods of five minutes in a row."""

    threshold: float
    times: int
    words: str


def watch(scope: Construct, asked: Parameters, store: Storage, ingest: Ingest, api: Api) -> None:
    """Who is told of what."""
    part = Construct(scope, "Watch")
    topic = sns.Topic(part, "Alarms", enforce_ssl=True, master_key=store.key)
    store.key.grant_encrypt_decrypt(iam.ServicePrincipal("cloudwatch.amazonaws.com"))
    topic.add_subscription(subscriptions.EmailSubscription(asked.alarm_email.value_as_string))
    alarms = [
        cloudwatch.Alarm(
            part,
            name,
            metric=metric,
            threshold=limit.threshold,
            evaluation_periods=limit.times,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=limit.words,
        )
        for name, (metric, limit) in _limits(ingest).items()
    ]
    for alarm in [*alarms, api.unhealthy, api.failing]:
        alarm.add_alarm_action(actions.SnsAction(topic))
    _dashboard(part, ingest, api, alarms)
    _budget(part, asked)


def _limits(ingest: Ingest) -> dict[str, tuple[cloudwatch.IMetric, Limit]]:
    waiting = {"period": FIVE_MINUTES, "statistic": "Maximum"}
    age = ingest.function.metric("IteratorAge", period=FIVE_MINUTES, statistic="Maximum")
    return {
        "IngestBehind": (age, Limit(HOUR_MS / 4, 3, "Readings wait for a quarter of an hour in the stream.")),
        "IngestErrors": (
            ingest.function.metric_errors(period=FIVE_MINUTES),
            Limit(1, 3, "The function of ingest fails."),
        ),
        "StreamFull": (
            ingest.stream.metric("WriteProvisionedThroughputExceeded", period=FIVE_MINUTES, statistic="Sum"),
            Limit(1, 3, "The stream refuses records, which go by the queue: deploy with more Shards."),
        ),
        "ClaimErrors": (ingest.claims.metric_errors(period=FIVE_MINUTES), Limit(1, 3, "Nobody can pair.")),
        "RecordsSkipped": (
            ingest.lost.metric_approximate_number_of_messages_visible(**waiting),
            Limit(1, 1, "Records were passed over; they are in the stream for six days: replay them."),
        ),
        "Unread": (
            ingest.unread.metric_approximate_number_of_messages_visible(**waiting),
            Limit(1, 1, "Something could not be taken in or started, however often it was tried."),
        ),
        "BatchesFailed": (_own("FailedBatches", "Sum", Source="kinesis"), Limit(10, 3, "Batches fail.")),
        "DeadLetters": (_own("DeadLetters", "Sum", Source="kinesis"), Limit(100, 3, "Many are refused.")),
        "FleetAlarms": (_own("RaisedAlarms", "Maximum", Source="monitor"), Limit(1, 1, "See the runbook.")),
    }


def _own(name: str, statistic: str, **dimensions: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=FIVE_MINUTES,
    )


def _dashboard(scope: Construct, ingest: Ingest, api: Api, alarms: list[cloudwatch.Alarm]) -> None:
    board = cloudwatch.Dashboard(scope, "Dashboard")
    board.add_widgets(cloudwatch.AlarmStatusWidget(alarms=[*alarms, api.unhealthy, api.failing], width=24))
    board.add_widgets(
        _graph("Readings", _own("Readings", "Sum", Source="kinesis"), _own("Readings", "Sum", Source="sqs")),
        _graph("Age when kept [s]", _own("ArrivalAge", "Maximum", Source="kinesis")),
        _graph("Stream", ingest.stream.metric_incoming_records(), ingest.stream.metric_incoming_bytes()),
    )
    board.add_widgets(
        _graph("Requests", api.target.metrics.request_count()),
        _graph("Answers [s]", api.target.metrics.target_response_time(statistic="p99")),
        _graph("CPU of the API [%]", api.service.metric_cpu_utilization()),
    )


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)


def _budget(scope: Construct, asked: Parameters) -> None:
    budget = budgets.CfnBudget
    budget(
        scope,
        "Budget",
        budget=budget.BudgetDataProperty(
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budget.SpendProperty(amount=asked.monthly_budget_usd.value_as_number, unit="USD"),
        ),
        notifications_with_subscribers=[
            budget.NotificationWithSubscribersProperty(
                notification=budget.NotificationProperty(
                    comparison_operator="GREATER_THAN", notification_type=kind, threshold=80
                ),
                subscribers=[
                    budget.SubscriberProperty(
                        address=asked.alarm_email.value_as_string, subscription_type="EMAIL"
                    )
                ],
            )
            for kind in ("ACTUAL", "FORECASTED")
        ],
    )
