"""Storage: the lake with its table for Athena, the models, the serving state, and the secrets."""

from dataclasses import dataclass
from typing import Any

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_athena as athena
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

TELEMETRY, MODELS = "telemetry", "models"
"""Prefixes in their buckets."""

DELETED_AFTER = Duration.days(7)
"""So long what was replaced or deleted can be brought back; then a deleted home is gone from S3, too."""

COLUMNS = {
    "position": "bigint",
    "device_id": "string",
    "sampled_at": "timestamp",
    "interval_s": "double",
    "seq": "bigint",
    "mode": "string",
    "fan": "string",
    "setpoint_c": "double",
    "indoor_dry_bulb_c": "double",
    "indoor_rh_pct": "double",
    "outdoor_dry_bulb_c": "double",
    "electric_power_w": "double",
    "energy_total_kwh": "double",
    "compressor_ratio": "double",
    "motion": "boolean",
    "changed_by": "string",
    "advice_id": "string",
}
"""Of a file of the lake; a test holds them against the program's own schema."""


@dataclass(frozen=True, slots=True)
class Storage:
    """What the other parts read and write."""

    key: kms.Key
    lake: s3.Bucket
    models: s3.Bucket
    table: dynamodb.Table
    signing_keys: secretsmanager.CfnSecret
    google_key: secretsmanager.CfnSecret
    models_key: secretsmanager.Secret


def storage(scope: Construct) -> Storage:
    """Everything that keeps something; none of it goes with the stack."""
    part = Construct(scope, "Storage")
    key = kms.Key(part, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.RETAIN)
    logs = _bucket(part, "AccessLogs", s3.BucketEncryption.S3_MANAGED, expires=Duration.days(90))
    encrypted: dict[str, Any] = {"encryption": s3.BucketEncryption.KMS, "key": key, "logs": logs}
    lake = _bucket(part, "Lake", **encrypted)
    _catalogue(part, lake)
    return Storage(
        key=key,
        lake=lake,
        models=_bucket(part, "Models", **encrypted),
        table=_table(part, key),
        signing_keys=_empty_secret(part, "SigningKeys", key, "The API writes its keys into it."),
        google_key=_empty_secret(part, "GoogleKey", key, "Key file of a service account: who tells Google."),
        models_key=secretsmanager.Secret(
            part,
            "ModelsKey",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
        ),
    )


def _bucket(
    scope: Construct,
    name: str,
    encryption: s3.BucketEncryption,
    *,
    key: kms.Key | None = None,
    logs: s3.Bucket | None = None,
    expires: Duration | None = None,
) -> s3.Bucket:
    return s3.Bucket(
        scope,
        name,
        encryption=encryption,
        encryption_key=key,
        bucket_key_enabled=None if key is None else True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned=True,
        server_access_logs_bucket=logs,
        server_access_logs_prefix=None if logs is None else name.lower(),
        lifecycle_rules=[
            s3.LifecycleRule(
                noncurrent_version_expiration=DELETED_AFTER,
                abort_incomplete_multipart_upload_after=Duration.days(1),
                expiration=expires,
            )
        ],
        removal_policy=RemovalPolicy.RETAIN,
    )


def _empty_secret(scope: Construct, name: str, key: kms.Key, words: str) -> secretsmanager.CfnSecret:
    """A secret without a value: CDK's own construct would make one up, which is no document of ours."""
    secret = secretsmanager.CfnSecret(scope, name, kms_key_id=key.key_arn, description=words)
    secret.apply_removal_policy(RemovalPolicy.RETAIN)
    return secret


def _table(scope: Construct, key: kms.Key) -> dynamodb.Table:
    return dynamodb.Table(
        scope,
        "State",
        partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=True,
        time_to_live_attribute="ttl",
        removal_policy=RemovalPolicy.RETAIN,
    )


def _catalogue(scope: Construct, lake: s3.Bucket) -> None:
    """The lake as a table: partitions are computed from names, so that nobody has to add any."""
    location = f"s3://{lake.bucket_name}/{TELEMETRY}/"
    database = glue.CfnDatabase(
        scope,
        "Database",
        catalog_id=Aws.ACCOUNT_ID,
        database_input=glue.CfnDatabase.DatabaseInputProperty(name="ac_advisor"),
    )
    table = glue.CfnTable(
        scope,
        "Telemetry",
        catalog_id=Aws.ACCOUNT_ID,
        database_name="ac_advisor",
        table_input=glue.CfnTable.TableInputProperty(
            name="telemetry",
            table_type="EXTERNAL_TABLE",
            parameters={
                "classification": "parquet",
                "projection.enabled": "true",
                "projection.day.type": "date",
                "projection.day.format": "yyyy-MM-dd",
                "projection.day.range": "2024-01-01,NOW+1DAYS",
                "projection.bucket.type": "integer",
                "projection.bucket.range": "0,7",
                "projection.bucket.digits": "2",
                "storage.location.template": f"{location}day=${{day}}/bucket=${{bucket}}/",
            },
            partition_keys=[_column("day", "string"), _column("bucket", "string")],
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                columns=[_column(name, kind) for name, kind in COLUMNS.items()],
                location=location,
                input_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                output_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                serde_info=glue.CfnTable.SerdeInfoProperty(
                    serialization_library="org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                ),
            ),
        ),
    )
    table.add_resource_dependency(database)
    athena.CfnWorkGroup(
        scope,
        "Questions",
        name="ac-advisor",
        work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
            enforce_work_group_configuration=True,
            bytes_scanned_cutoff_per_query=100 * 1024**3,
            result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                output_location=f"s3://{lake.bucket_name}/_athena/",
                encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                    encryption_option="SSE_S3"
                ),
            ),
        ),
    )


def _column(name: str, kind: str) -> glue.CfnTable.ColumnProperty:
    return glue.CfnTable.ColumnProperty(name=name, type=kind)
