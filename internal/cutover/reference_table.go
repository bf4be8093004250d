package cutover

// podPaths are the fields of a pod spec that name Secrets (Kubernetes 1.36,
// core/v1 PodSpec; types.go).
func podPaths() []string {
	paths := []string{"imagePullSecrets[].name"}
	for _, containers := range []string{"containers", "initContainers", "ephemeralContainers"} {
		paths = append(paths, containers+"[].env[].valueFrom.secretKeyRef.name", containers+"[].envFrom[].secretRef.name")
	}
	for _, volume := range []string{
		"secret.secretName", "projected.sources[].secret.name", "csi.nodePublishSecretRef.name", "azureFile.secretName",
		"cephfs.secretRef.name", "cinder.secretRef.name", "flexVolume.secretRef.name", "iscsi.secretRef.name", "rbd.secretRef.name",
		"scaleIO.secretRef.name", "storageos.secretRef.name",
	} {
		paths = append(paths, "volumes[]."+volume)
	}
	return paths
}

// referenceTable says which fields of which kinds name Secrets. What a resource
// only writes (cert-manager's Certificate, Crossplane's
// writeConnectionSecretToRef) isn't in it.
func referenceTable() []entry {
	return append(builtinReferences(), wellKnownReferences()...)
}

// builtinReferences are Kubernetes's own kinds and Gateway API's.
func builtinReferences() []entry {
	return []entry{
		{groups: "core", kinds: "Pod", pods: "spec", fixed: true},
		{groups: "core", kinds: "ReplicationController", pods: "spec.template.spec"},
		{groups: "core", kinds: "PodTemplate", pods: "template.spec"},
		{groups: "apps extensions", kinds: "Deployment StatefulSet DaemonSet", pods: "spec.template.spec", restarts: true},
		{groups: "apps extensions", kinds: "ReplicaSet", pods: "spec.template.spec"},
		{groups: "batch", kinds: "Job", pods: "spec.template.spec", fixed: true},
		{groups: "batch", kinds: "CronJob", pods: "spec.jobTemplate.spec.template.spec"},
		{groups: "core", kinds: "ServiceAccount", paths: "secrets[].name?namespace imagePullSecrets[].name"},
		{groups: "networking.k8s.io extensions", kinds: "Ingress", paths: "spec.tls[].secretName"},
		// ingress-nginx, internal/ingress/annotations (auth, authtls, proxyssl): "name" or "namespace/name".
		{groups: "networking.k8s.io extensions", kinds: "Ingress", paths: `metadata.annotations["nginx.ingress.kubernetes.io/auth-secret"]?slash metadata.annotations["nginx.ingress.kubernetes.io/auth-tls-secret"]?slash metadata.annotations["nginx.ingress.kubernetes.io/proxy-ssl-secret"]?slash`},
		// core/v1 PersistentVolumeSpec: SecretReference has a namespace.
		{groups: "core", kinds: "PersistentVolume", paths: "spec.csi.*SecretRef.name?namespace?loose spec.azureFile.secretName?secretNamespace?loose spec.*.secretRef.name?namespace?loose"},
		// gateway.networking.k8s.io/v1 gateway_types.go: SecretObjectReference has
		// group, kind (Secret without one) and namespace.
		{groups: "gateway.networking.k8s.io gateway.networking.x-k8s.io", kinds: "Gateway ListenerSet XListenerSet",
			paths: "spec.listeners[].tls.certificateRefs[].name?kind?namespace spec.listeners[].tls.frontendValidation.caCertificateRefs[].name?kind!?namespace " +
				"spec.backendTLS.clientCertificateRef.name?kind?namespace spec.tls.backend.clientCertificateRef.name?kind?namespace spec.tls.frontend.**.caCertificateRefs[].name?kind!?namespace"},
		{groups: "gateway.networking.k8s.io", kinds: "BackendTLSPolicy", paths: "spec.validation.caCertificateRefs[].name?kind!"},
	}
}

// podParts are the fields of a pod spec where a resource has them at some depth.
const podParts = "spec.**.secretKeyRef.name spec.**.envFrom[].secretRef.name spec.**.imagePullSecrets[].name spec.**.volumes[].secret.secretName spec.**.volumes[].projected.sources[].secret.name " +
	"spec.**.volumes[].csi.nodePublishSecretRef.name spec.**.volumes[].azureFile.secretName spec.**.volumes[].*.secretRef.name "

// httpAuth are the fields by which prometheus-operator's resources authenticate
// (pkg/apis/monitoring/v1/http_config.go, types.go: SecretKeySelector).
const httpAuth = "spec.**.basicAuth.username.name spec.**.basicAuth.password.name spec.**.bearerTokenSecret.name spec.**.authorization.credentials.name " +
	"spec.**.oauth2.clientId.secret.name spec.**.oauth2.clientSecret.name spec.**.ca.secret.name spec.**.cert.secret.name spec.**.client_ca.secret.name spec.**.keySecret.name " +
	"spec.**.sigv4.accessKey.name spec.**.sigv4.secretKey.name spec.**.azureAd.oauth.clientSecret.name spec.**.proxyConnectHeader.*[].name "

// wellKnownReferences are custom resources that many clusters have.
func wellKnownReferences() []entry {
	return append([]entry{
		// argo-rollouts, pkg/apis/rollouts/v1alpha1: types.go, analysis_types.go.
		{groups: "argoproj.io", kinds: "Rollout", pods: "spec.template.spec", restarts: true},
		{groups: "argoproj.io", kinds: "AnalysisTemplate AnalysisRun", pods: "spec.metrics[].provider.job.spec.template.spec", paths: "spec.args[].valueFrom.secretKeyRef.name"},
		{groups: "argoproj.io", kinds: "ClusterAnalysisTemplate", paths: "spec.args[].valueFrom.secretKeyRef.name?loose"},
		{groups: "argoproj.io", kinds: "Experiment", pods: "spec.templates[].template.spec", paths: "spec.analyses[].args[].valueFrom.secretKeyRef.name"},
		// argo-workflows, pkg/apis/workflow/v1alpha1/workflow_types.go: SecretKeySelector.
		{groups: "argoproj.io", kinds: "Workflow WorkflowTemplate CronWorkflow", paths: podParts + "spec.**.*Secret.name"},
		{groups: "argoproj.io", kinds: "ClusterWorkflowTemplate", paths: "spec.**.secretKeyRef.name?loose spec.**.envFrom[].secretRef.name?loose spec.**.imagePullSecrets[].name?loose spec.**.volumes[].secret.secretName?loose spec.**.*Secret.name?loose"},
		// argo-events, pkg/apis/events/v1alpha1: corev1.SecretKeySelector.
		{groups: "argoproj.io", kinds: "EventSource Sensor EventBus",
			paths: podParts + "spec.**.*Secret.name spec.**.accessKey.name spec.**.secretKey.name spec.**.apiToken.name spec.**.accessToken.name spec.**.slackToken.name spec.**.privateKey.name"},
		// OpenKruise, apis/apps/v1alpha1; OpenShift, apps/v1 and build/v1, route/v1 types.go.
		{groups: "apps.kruise.io", kinds: "CloneSet StatefulSet DaemonSet", pods: "spec.template.spec", restarts: true},
		{groups: "apps.openshift.io", kinds: "DeploymentConfig", pods: "spec.template.spec", restarts: true},
		{groups: "build.openshift.io", kinds: "BuildConfig", paths: "spec.source.sourceSecret.name spec.source.secrets[].secret.name spec.strategy.*.pullSecret.name spec.output.pushSecret.name spec.strategy.**.secretKeyRef.name spec.triggers[].*.secretReference.name"},
		{groups: "route.openshift.io", kinds: "Route", paths: "spec.tls.externalCertificate.name"},
		// Knative serving, pkg/apis/serving/v1; eventing's sources have secretKeyRef.
		{groups: "serving.knative.dev", kinds: "Service Configuration Revision", pods: "spec.template.spec spec"},
		{groups: "*.knative.dev", kinds: "*", paths: "spec.**.secretKeyRef.name spec.imagePullSecrets[].name"},
		// KEDA, apis/keda/v1alpha1/triggerauthentication_types.go.
		{groups: "keda.sh", kinds: "ScaledJob", pods: "spec.jobTargetRef.template.spec"},
		{groups: "keda.sh", kinds: "TriggerAuthentication", paths: "spec.secretTargetRef[].name spec.**.secretKeyRef.name"},
		{groups: "keda.sh", kinds: "ClusterTriggerAuthentication", paths: "spec.secretTargetRef[].name?loose spec.**.secretKeyRef.name?loose"},
		// cert-manager, pkg/apis/certmanager/v1/types_issuer.go, pkg/apis/acme/v1/types_issuer.go:
		// a ClusterIssuer's are in the namespace of --cluster-resource-namespace.
		{groups: "cert-manager.io", kinds: "Issuer", paths: "spec.ca.secretName spec.**.*SecretRef.name spec.acme.**.keySecretRef.name spec.vault.auth.appRole.secretRef.name spec.vault.auth.kubernetes.secretRef.name " +
			"spec.vault.auth.clientCertificate.secretName spec.venafi.*.credentialsRef.name spec.**.podTemplate.spec.imagePullSecrets[].name"},
		{groups: "cert-manager.io", kinds: "ClusterIssuer", paths: "spec.ca.secretName?loose spec.**.*SecretRef.name?loose spec.acme.**.keySecretRef.name?loose spec.vault.auth.appRole.secretRef.name?loose " +
			"spec.vault.auth.kubernetes.secretRef.name?loose spec.vault.auth.clientCertificate.secretName?loose spec.venafi.*.credentialsRef.name?loose spec.**.podTemplate.spec.imagePullSecrets[].name?loose"},
		{groups: "cert-manager.io", kinds: "Certificate", paths: "spec.keystores.*.passwordSecretRef.name"},
		// prometheus-operator, pkg/apis/monitoring/v1, v1alpha1 and v1beta1.
		{groups: "monitoring.coreos.com", kinds: "ServiceMonitor PodMonitor Probe", paths: httpAuth},
		{groups: "monitoring.coreos.com", kinds: "ScrapeConfig", paths: httpAuth + "spec.*SDConfigs[].*.name"},
		{groups: "monitoring.coreos.com", kinds: "Prometheus PrometheusAgent Alertmanager ThanosRuler", pods: "spec",
			paths: httpAuth + "spec.secrets[] spec.configSecret spec.additionalScrapeConfigs.name spec.additionalAlertManagerConfigs.name spec.additionalAlertRelabelConfigs.name spec.**.objectStorageConfig.name " +
				"spec.thanos.tracingConfig.name spec.queryConfig.name spec.alertmanagersConfig.name spec.tracingConfig.name spec.alertRelabelConfigs.name spec.alertmanagerConfiguration.templates[].secret.name spec.alertmanagerConfiguration.global.*.name spec.alertmanagerConfiguration.global.*.*.name"},
		// alertmanager_config_types.go: the fields of receivers that are SecretKeySelectors.
		{groups: "monitoring.coreos.com", kinds: "AlertmanagerConfig",
			paths: httpAuth + "spec.receivers[].**.apiURL.name spec.receivers[].**.routingKey.name spec.receivers[].**.serviceKey.name spec.receivers[].**.apiKey.name spec.receivers[].**.authPassword.name " +
				"spec.receivers[].**.authSecret.name spec.receivers[].**.urlSecret.name spec.receivers[].**.apiSecret.name spec.receivers[].**.userKey.name spec.receivers[].**.token.name " +
				"spec.receivers[].**.botToken.name spec.receivers[].**.webhookUrl.name"},
		{groups: "operator.victoriametrics.com", kinds: "VMServiceScrape VMPodScrape VMProbe VMNodeScrape VMStaticScrape", paths: httpAuth},
		// Flux: api/v1 and v1beta2 of source-, kustomize-, helm-, notification- and image-reflector-controller.
		{groups: "source.toolkit.fluxcd.io", kinds: "GitRepository HelmRepository OCIRepository Bucket HelmChart", paths: "spec.secretRef.name spec.certSecretRef.name spec.proxySecretRef.name spec.verify.secretRef.name spec.verify.trustedRootSecretRef.name spec.sts.*SecretRef.name spec.sts.secretRef.name"},
		{groups: "kustomize.toolkit.fluxcd.io", kinds: "Kustomization", paths: "spec.decryption.secretRef.name spec.kubeConfig.secretRef.name spec.postBuild.substituteFrom[].name?kind!"},
		{groups: "helm.toolkit.fluxcd.io", kinds: "HelmRelease", paths: "spec.valuesFrom[].name?kind! spec.kubeConfig.secretRef.name"},
		{groups: "notification.toolkit.fluxcd.io", kinds: "Provider Receiver", paths: "spec.secretRef.name spec.certSecretRef.name spec.proxySecretRef.name"},
		{groups: "image.toolkit.fluxcd.io", kinds: "ImageRepository", paths: "spec.secretRef.name spec.certSecretRef.name spec.proxySecretRef.name"},
	}, moreReferences()...)
}
