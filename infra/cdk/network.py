"""Network: two zones; tasks have no public address, and reach S3 and DynamoDB without leaving AWS."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct


def network(scope: Construct) -> ec2.Vpc:
    """The network of the tasks; the other parts need none."""
    part = Construct(scope, "Network")
    vpc = ec2.Vpc(
        part,
        "Vpc",
        max_azs=2,
        nat_gateways=1,  # weather, mail and AWS's other services; a zone that falls takes these with it
        subnet_configuration=[
            ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
            ec2.SubnetConfiguration(
                name="tasks", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=22
            ),
        ],
        restrict_default_security_group=False,  # it would be a Lambda of CDK's own; nothing uses the group
    )
    for subnet in vpc.public_subnets:
        subnet.node.default_child.map_public_ip_on_launch = False
    vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
    vpc.add_gateway_endpoint("DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
    group = logs.LogGroup(part, "FlowLog", retention=logs.RetentionDays.ONE_MONTH)
    refused = ec2.FlowLogDestination.to_cloud_watch_logs(group)
    vpc.add_flow_log("Flows", destination=refused, traffic_type=ec2.FlowLogTrafficType.REJECT)
    return vpc
