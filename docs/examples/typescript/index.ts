import * as pulumi from "@pulumi/pulumi";
import * as llm from "alicloud-llm";

const config = new pulumi.Config();
const zoneId = config.require("zoneId");
const apiKey = config.getSecret("apiKey");
const tags = { team: "platform" };

// Creates the VPC, with a way out to the internet for what is in its vSwitch.
const chat = new llm.SingleEcsLlm("chat", { zoneId, apiKey, tags, model: "Qwen/Qwen3-8B" });

const math = new llm.SingleEcsLlm("math", {
    zoneId,
    apiKey,
    tags,
    model: "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    // An id is missing only where a network of your own was not named.
    vpcId: chat.vpcId.apply(id => id!),
    vswitchId: chat.vswitchId.apply(id => id!),
    privateAllowedCidrs: ["10.0.0.0/16"],
}, { dependsOn: [chat] });

export const chatEndpoint = chat.endpoint;
export const chatKey = chat.apiKey;
export const mathEndpoint = math.endpoint;
export const mathKey = math.apiKey;
