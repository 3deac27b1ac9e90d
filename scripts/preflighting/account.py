"""What ECS says of the account in a region."""

from scripts.openapi import OpenApi

ACTION = "ecs:DescribeAccountAttributes"


def attributes(api: OpenApi, *names: str) -> dict[str, str]:
    """
    Return the first value of each of *names* that the account has.

    Source: https://www.alibabacloud.com/help/doc-detail/73772.htm, 2026-11-21.
    """
    answer = api.call("ecs", "DescribeAccountAttributes", RegionId=api.region, AttributeName=list(names))
    rows = (answer.get("AccountAttributeItems") or {}).get("AccountAttributeItem") or []
    values = {row["AttributeName"]: row["AttributeValues"]["ValueItem"] for row in rows}
    return {name: values[name][0]["Value"] for name in names if values.get(name)}
