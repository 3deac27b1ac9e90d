# Who a pod is to OSS: a RAM role that its service account's token opens, or else a RAM user's key.
#
# LLM_REGION; ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_OIDC_TOKEN_FILE, or
# ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET.

import json

from cloud import Role, query


class PodRole(Role):
    def __init__(self, web, settings):
        super().__init__(web)
        self.settings = settings

    def fetch(self):
        role = self.settings["ALIBABA_CLOUD_ROLE_ARN"]
        # Kubernetes writes a new one before this one ends.
        with open(self.settings["ALIBABA_CLOUD_OIDC_TOKEN_FILE"]) as file:
            token = file.read()
        params = {
            "Action": "AssumeRoleWithOIDC",
            "Format": "JSON",
            "OIDCProviderArn": self.settings["ALIBABA_CLOUD_OIDC_PROVIDER_ARN"],
            "OIDCToken": token,
            "RoleArn": role,
            "RoleSessionName": "llm",
            "Version": "2015-04-01",
        }
        url = f"https://sts-vpc.{self.settings['LLM_REGION']}.aliyuncs.com/?{query(params)}"
        status, text = self.web.text("POST", url, {})
        if status != 200:
            raise OSError(f"STS does not give {role}: {status} {text[:300]}")
        return json.dumps(json.loads(text)["Credentials"])


class User:
    def __init__(self, settings):
        names = {"AccessKeyId": "ALIBABA_CLOUD_ACCESS_KEY_ID", "AccessKeySecret": "ALIBABA_CLOUD_ACCESS_KEY_SECRET"}
        self.pair = {name: settings[variable] for name, variable in names.items()}

    def credentials(self):
        return self.pair


def access(settings, web):
    return PodRole(web, settings) if "ALIBABA_CLOUD_ROLE_ARN" in settings else User(settings)
