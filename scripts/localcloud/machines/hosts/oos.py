"""OOS, as far as GetSecretParameter goes, signed either way."""

from urllib.parse import parse_qsl

from scripts.localcloud.machines.hosts.messages import Answer, RefusedError, Request, as_json
from scripts.localcloud.machines.hosts.signatures import acs3_key, acs3_valid, rpc_valid
from scripts.localcloud.machines.hosts.state import CloudState, Credentials
from scripts.localcloud.machines.spec import MachineSpec

VERSION = "2019-06-01"


class Oos:
    """The OOS endpoint of one region."""

    def __init__(self, state: CloudState, spec: MachineSpec) -> None:
        self._state = state
        self._region = spec.region

    def answer(self, request: Request) -> Answer:
        """Return the answer to one call."""
        try:
            return self._call(request)
        except RefusedError as refusal:
            return as_json(refusal.status, {"Code": refusal.code, "Message": str(refusal), "RequestId": "LOCAL"})

    def _call(self, request: Request) -> Answer:
        parameters = request.query | dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        if acs3_key(request):
            holder = self._acs3(request)
            action, version = request.headers["x-acs-action"], request.headers["x-acs-version"]
        else:
            holder = self._rpc(request, parameters)
            action, version = parameters.get("Action", ""), parameters.get("Version", "")
        if (action, version) != ("GetSecretParameter", VERSION):
            raise RefusedError(
                404, "InvalidAction.NotFound", f"The {action} {version} action is not in the local cloud."
            )
        return self._secret(holder, parameters)

    def _holder(self, key_id: str, token: str) -> Credentials:
        holder = self._state.holder(key_id, token)
        if holder is None:
            raise RefusedError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        return holder

    def _acs3(self, request: Request) -> Credentials:
        holder = self._holder(acs3_key(request) or "", request.headers.get("x-acs-security-token", ""))
        if not acs3_valid(request, holder.secret):
            raise RefusedError(400, "SignatureDoesNotMatch", "Specified signature does not match our calculation.")
        return holder

    def _rpc(self, request: Request, parameters: dict[str, str]) -> Credentials:
        holder = self._holder(parameters.get("AccessKeyId", ""), parameters.get("SecurityToken", ""))
        if not rpc_valid(request.method, parameters, holder.secret):
            raise RefusedError(400, "SignatureDoesNotMatch", "Specified signature does not match our calculation.")
        return holder

    def _secret(self, holder: Credentials, parameters: dict[str, str]) -> Answer:
        name, region = parameters.get("Name", ""), parameters.get("RegionId", "")
        if region != self._region:
            raise RefusedError(400, "InvalidRegionId", f"The region {region} is not served by this endpoint.")
        resource = f"acs:oos:{region}:0:secretparameter/{name}"
        secret = f"acs:kms:{region}:0:secret/{name}"
        if not (holder.may("oos:GetSecretParameter", resource) and holder.may("kms:GetSecretValue", secret)):
            raise RefusedError(403, "NoPermission", "You are not authorized to do this action.")
        entry = self._state.services["oos"].get(region, {}).get(name)
        if entry is None:
            raise RefusedError(404, "EntityNotExists.Parameter", f"The specified parameter {name} does not exist.")
        shown = {"Name": name, "Type": "Secret"}
        if parameters.get("WithDecryption", "").lower() == "true":
            shown["Value"] = entry["value"]
        return as_json(200, {"RequestId": "LOCAL", "Parameter": shown})
