"""Objects that cache weights, as YAML."""

DATASET = """
apiVersion: data.fluid.io/v1alpha1
kind: Dataset
metadata: {{namespace: llm, name: {name}}}
spec: {{mounts: [{mount}], accessModes: [ReadOnlyMany], placement: Shared}}
"""
RUNTIME = """
apiVersion: data.fluid.io/v1alpha1
kind: JindoRuntime
metadata: {{namespace: llm, name: {name}}}
spec: {{replicas: 2, tieredstore: {{levels: [{{mediumtype: MEM, path: /dev/shm, quota: {quota}}}]}}}}
"""
LOAD = """
apiVersion: data.fluid.io/v1alpha1
kind: DataLoad
metadata: {{namespace: llm, name: {name}}}
spec: {{dataset: {{namespace: {namespace}, name: weights}}, podMetadata: {{labels: {{class: performance}}}}}}
"""
KEYS = "{apiVersion: v1, kind: Secret, metadata: {namespace: llm, name: oss}, data: {akId: aWQ=, akSecret: c2VjcmV0}}"
OPTIONS = """
encryptOptions: [
  {name: fs.oss.accessKeyId, valueFrom: {secretKeyRef: {name: oss, key: akId}}},
  {name: fs.oss.accessKeySecret, valueFrom: {secretKeyRef: {name: oss, key: akSecret}}}]
"""
BY_KEY = f"{{mountPoint: 'oss://models/qwq/', {OPTIONS}}}"
BY_CLAIM = "{mountPoint: 'pvc://bucket/qwq'}"
VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata: {{name: llm-bucket}}
spec:
  capacity: {{storage: 1Ti}}
  accessModes: [ReadOnlyMany]
  claimRef: {{namespace: llm, name: bucket}}
  csi: {{driver: ossplugin.csi.alibabacloud.com, volumeHandle: b, {more}}}
"""
BY_ROLE = "volumeAttributes: {bucket: models, path: /all/, authType: rrsa, roleArn: role, oidcProviderArn: provider}"
BY_PAIR = "volumeAttributes: {bucket: models, path: /}, nodePublishSecretRef: {namespace: llm, name: oss}"
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {namespace: llm, name: bucket}
spec: {accessModes: [ReadOnlyMany], storageClassName: "", resources: {requests: {storage: 1Ti}}}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {{namespace: llm, name: engine, labels: {labels}}}
spec:
  containers: [{{name: engine, image: vllm}}]
  volumes: [{{name: weights, persistentVolumeClaim: {{claimName: {claim}}}}}]
"""
SIDECAR = "{alibabacloud.com/fluid-sidecar-target: acs}"
