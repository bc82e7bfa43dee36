"""What each role may do: just the actions that its adapters call, on just the resources that they name."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.cdk.settings import POLICY
from infra.cdk.storage import TELEMETRY, Storage

READ = ["dynamodb:GetItem", "dynamodb:Query"]
WRITE = [*READ, *(f"dynamodb:{verb}Item" for verb in ("Put", "Update", "Delete"))]


def use_state(role: iam.IGrantable, store: Storage, *, writes: bool) -> None:
    """The serving state, by `cloud.adapters.dynamodb_state`."""
    _allow(role, WRITE if writes else READ, [store.table.table_arn])
    _use_key(role, store, writes=writes)


def use_files(
    role: iam.IGrantable, store: Storage, bucket: s3.Bucket, prefix: str = TELEMETRY, *, writes: bool
) -> None:
    """Files below a prefix, by `cloud.adapters.s3_files`; its `remove` is for who merges and forgets."""
    actions = ["s3:GetObject", *(["s3:PutObject", "s3:DeleteObject"] if writes else [])]
    _allow(role, actions, [bucket.arn_for_objects(f"{prefix}/*")])
    listing = iam.PolicyStatement(
        actions=["s3:ListBucket"],
        resources=[bucket.bucket_arn],
        conditions={"StringLike": {"s3:prefix": [f"{prefix}/*"]}},
    )
    role.grant_principal.add_to_principal_policy(listing)
    _use_key(role, store, writes=writes)


def command_devices(role: iam.IGrantable, scope: Stack) -> None:
    """Shadows of all things, by `cloud.adapters.iot_shadows`; the endpoint's name is nobody's resource."""
    things = scope.format_arn(service="iot", resource="thing", resource_name="*")
    _allow(role, ["iot:UpdateThingShadow"], [things])
    _allow(role, ["iot:DescribeEndpoint"], ["*"])


def forget_devices(role: iam.IGrantable, scope: Stack) -> None:
    """Shadows, certificates and policies of deleted things, by `iot_shadows` and `iot_things`."""

    def of(kind: str) -> str:
        return str(scope.format_arn(service="iot", resource=kind, resource_name="*"))

    by_thing = ["iot:DeleteThingShadow", "iot:DeleteThing", "iot:ListThingPrincipals"]
    by_certificate = ["iot:UpdateCertificate", "iot:DeleteCertificate", "iot:ListAttachedPolicies"]
    detach = ["iot:DetachPolicy", "iot:DetachThingPrincipal"]
    policies = ["Get", "Delete", "ListTargetsFor"]
    versions = ["iot:ListPolicyVersions", "iot:DeletePolicyVersion"]
    _allow(role, by_thing, [of("thing")])
    _allow(role, [*by_certificate, *detach], [of("cert")])
    _allow(role, [*(f"iot:{verb}Policy" for verb in policies), *versions], [of("policy")])
    _allow(role, ["iot:DescribeEndpoint"], ["*"])


def answer_claims(role: iam.IGrantable, scope: Stack) -> None:
    """Codes and gateways' devices, by `iot_messages`; whom gateways may speak for, by `iot_things`."""

    def of(kind: str, name: str) -> str:
        return str(scope.format_arn(service="iot", resource=kind, resource_name=name))

    _allow(role, ["iot:Publish"], [of("topic", "dt/ac/*/claim/*")])
    _allow(role, ["iot:DescribeEndpoint"], ["*"])
    _allow(role, ["iot:ListThingPrincipals"], [of("thing", "*")])
    _allow(role, ["iot:AttachPolicy", "iot:DetachPolicy"], [of("cert", "*")])
    write = [f"iot:{verb}Policy" for verb in ("Get", "Create", "Delete", "ListTargetsFor")]
    versions = ["iot:ListPolicyVersions", *(f"iot:{verb}PolicyVersion" for verb in ("Create", "Delete"))]
    _allow(role, [*write, *versions], [of("policy", "gateway-*")])
    _allow(role, ["iot:GetPolicy"], [of("policy", POLICY)])


def keep_signing_keys(role: iam.IGrantable, store: Storage) -> None:
    """The API's keys, by `cloud.adapters.secrets_manager`."""
    actions = [f"secretsmanager:{name}" for name in ("GetSecretValue", "PutSecretValue", "DescribeSecret")]
    _allow(role, actions, [store.signing_keys.ref])
    _use_key(role, store, writes=True)


def tell_google(role: iam.IGrantable, store: Storage) -> None:
    """The key for Google's Home Graph, by `cloud.adapters.secrets_manager`; an operator writes it."""
    actions = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    _allow(role, actions, [store.google_key.ref])


def send_mail(role: iam.IGrantable, scope: Stack) -> None:
    """By `cloud.adapters.ses_mailer`, from what SES has verified in this account."""
    identities = scope.format_arn(
        service="ses", resource="identity", resource_name="*", arn_format=ArnFormat.SLASH_RESOURCE_NAME
    )
    _allow(role, ["ses:SendEmail"], [identities])


def _use_key(role: iam.IGrantable, store: Storage, *, writes: bool) -> None:
    actions = ["kms:Decrypt", *(["kms:GenerateDataKey"] if writes else [])]
    _allow(role, actions, [store.key.key_arn])


def _allow(role: iam.IGrantable, actions: list[str], resources: list[str]) -> None:
    role.grant_principal.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=resources))
