"""`up` means it answers: a Cloud Assistant command that ends when the machine completes a request."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_alicloud as alicloud

from components.args import EcsLlmArgs
from components.names import Name
from components.userdata import ready_command

_MARGIN_SECONDS = 300
"""What Cloud Assistant and the provider get on top of the machine's own limit, so that the machine speaks first."""


def readiness(
    name: Name,
    args: EcsLlmArgs,
    instance_id: pulumi.Input[str],
    edition: pulumi.Output[str],
    before: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> alicloud.ecs.EcsInvocation:
    """Return the invocation that succeeds once a completion passed the gate; *before* is what the boot waits for."""
    seconds = args.ready_timeout_minutes * 60
    command = alicloud.ecs.Command(
        f"{name}-ready-command",
        name=name.physical,
        type="RunShellScript",
        command_content=base64.b64encode(ready_command(seconds).encode()).decode(),
        timeout=seconds + _MARGIN_SECONDS,
        opts=opts,
    )
    return alicloud.ecs.EcsInvocation(
        f"{name}-ready",
        command_id=command.id,
        instance_ids=[instance_id],
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                # A run that failed is run again by the next `up`; the type has no update.
                replace_on_changes=["*"],
                # Deleting a run means stopping it, which the service may refuse once it has ended.
                retain_on_delete=True,
                # A rotated secret is fetched by the same command, without a new machine.
                replacement_trigger=edition,
                depends_on=list(before),
                custom_timeouts=pulumi.CustomTimeouts(create=f"{seconds + 2 * _MARGIN_SECONDS}s"),
                hooks=pulumi.ResourceHookBinding(after_create=[_report(name, opts)], on_error=[_explain(name, opts)]),
            ),
        ),
    )


def _report(name: Name, opts: pulumi.ResourceOptions) -> pulumi.ResourceHook:
    """Return the hook that says what the machine found: that it answers, and on a pair how fast the link is."""

    async def report(created: pulumi.ResourceHookArgs) -> None:
        said = await _last_words(created.new_inputs, opts)
        if said:
            pulumi.log.info(f"{name} is {said}", opts.parent)

    return pulumi.ResourceHook(f"{name}-ready-report", report)


def _explain(name: Name, opts: pulumi.ResourceOptions) -> pulumi.ErrorHook:
    """Return the hook that names the phase: the provider's own error says only that the run failed."""

    async def explain(failure: pulumi.ErrorHookArgs) -> bool:
        said = await _last_words(failure.new_inputs, opts)
        if said:
            pulumi.log.error(f"{name} does not answer. {said}", opts.parent)
        return False

    return pulumi.ErrorHook(f"{name}-ready-explain", explain)


async def _last_words(inputs: Mapping[str, Any] | None, opts: pulumi.ResourceOptions) -> str | None:
    """Return what the machine printed in the invocation with *inputs*, if there was one."""
    runs = await alicloud.ecs.get_ecs_invocations_output(
        command_id=(inputs or {}).get("commandId"),
        content_encoding="PlainText",
        opts=pulumi.InvokeOutputOptions(parent=opts.parent),
    ).future()
    return last_words(runs.invocations[0]) if runs and runs.invocations else None


def last_words(invocation: alicloud.ecs.outputs.GetEcsInvocationsInvocationResult) -> str:
    """Return what the machine printed in *invocation*, or Cloud Assistant's own reason when it printed nothing."""
    run = invocation.invoke_instances[0]
    return run.output.strip() or f"Cloud Assistant: {run.error_code} {run.error_info}".strip()
