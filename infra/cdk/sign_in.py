"""Sign-in: a pool of Cognito as another issuer of tokens, beside the API's own accounts."""

from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct


@dataclass(frozen=True, slots=True)
class SignIn:
    """What `API_OIDC_ISSUER` and `API_OIDC_AUDIENCE` are."""

    issuer: str
    audience: str


def sign_in(scope: Construct) -> SignIn:
    """The pool and the app's client in it; tokens name an address that Cognito has verified."""
    part, stack = Construct(scope, "SignIn"), Stack.of(scope)
    pool = cognito.UserPool(
        part,
        "Pool",
        self_sign_up_enabled=True,
        sign_in_aliases=cognito.SignInAliases(email=True),
        auto_verify=cognito.AutoVerifiedAttrs(email=True),
        sign_in_case_sensitive=False,
        mfa=cognito.Mfa.OPTIONAL,
        mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
        password_policy=cognito.PasswordPolicy(
            min_length=12,
            require_digits=True,
            require_lowercase=True,
            require_uppercase=True,
            require_symbols=True,
        ),
        account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
        deletion_protection=True,
        removal_policy=RemovalPolicy.RETAIN,
    )
    client = pool.add_client(
        "App",
        auth_flows=cognito.AuthFlow(user_srp=True),
        prevent_user_existence_errors=True,
        enable_token_revocation=True,
        access_token_validity=Duration.minutes(15),
        id_token_validity=Duration.minutes(15),
        refresh_token_validity=Duration.days(30),
    )
    issuer = f"https://cognito-idp.{stack.region}.amazonaws.com/{pool.user_pool_id}"
    return SignIn(issuer, client.user_pool_client_id)
