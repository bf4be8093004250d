package cutover

import "strings"

// storeAuth are the fields of ESO's stores and generators that name Secrets
// (apis/externalsecrets/v1 and apis/generators/v1alpha1: SecretKeySelector); how
// is what holds for all of them.
func storeAuth(at, how string) string {
	var b strings.Builder
	for _, path := range []string{
		"*SecretRef.name", "secretRef.name", "secretRef.*.name", "authSecretRef.*.name", "authSecretRef.secretRef.*.name", "auth.SecretRef.*.name", "authRef.name", "caProvider.name?type!",
		"auth.apikey.*.name", "auth.cert.*.name", "auth.token.bearerToken.name", "appRole.roleRef.name", "ntlm.*Secret.name",
		"github.auth.privateKey.name", "infisical.auth.*.*.name", "onboardbase.auth.*.name",
	} {
		b.WriteString(at + ".**." + path + how + " ")
	}
	return b.String()
}

// moreReferences are those of databases, gateways, stores and the like.
func moreReferences() []entry {
	return []entry{
		// Strimzi, api/src/main/java/io/strimzi/api/kafka/model: in all of them a
		// secretName names a Secret that is read (CertSecretSource, PasswordSecretSource,
		// GenericSecretSource, CertAndKeySecretSource).
		{groups: "kafka.strimzi.io", kinds: "Kafka KafkaConnect KafkaBridge KafkaMirrorMaker KafkaMirrorMaker2 KafkaUser KafkaNodePool", paths: podParts + "spec.**.secretName spec.**.pullSecret spec.**.pushSecret"},
		// ESO, apis/externalsecrets/v1: SecretKeySelector, CAProvider. Only cluster
		// stores may name a namespace; without one it is that of the ExternalSecret.
		{groups: "external-secrets.io", kinds: "SecretStore", paths: storeAuth("spec.provider", "")},
		{groups: "external-secrets.io", kinds: "ClusterSecretStore", paths: storeAuth("spec.provider", "?namespace?loose")},
		{groups: "external-secrets.io", kinds: "ExternalSecret", paths: "spec.target.template.templateFrom[].secret.name"},
		{groups: "external-secrets.io", kinds: "ClusterExternalSecret", paths: "spec.externalSecretSpec.target.template.templateFrom[].secret.name?loose"},
		{groups: "external-secrets.io", kinds: "ClusterPushSecret", paths: "spec.pushSecretSpec.selector.secret.name?loose spec.pushSecretSpec.template.templateFrom[].secret.name?loose"},
		{groups: "generators.external-secrets.io", kinds: "ClusterGenerator", paths: storeAuth("spec", "?loose") + "spec.generator.mfaSpec.secret.name?loose"},
		{groups: "generators.external-secrets.io", kinds: "MFA", paths: "spec.secret.name"},
		{groups: "generators.external-secrets.io", kinds: "*", paths: storeAuth("spec", "")},
		{groups: "external-secrets.io", kinds: "PushSecret", paths: "spec.selector.secret.name spec.template.templateFrom[].secret.name"},
		// Istio, networking/v1 gateway.proto and destination_rule.proto: the Secret is
		// in the namespace of the proxy.
		{groups: "networking.istio.io", kinds: "Gateway DestinationRule", paths: "spec.**.tls.credentialName?slash?loose spec.**.tls.caCertCredentialName?slash?loose"},
		// Traefik, pkg/provider/kubernetes/crd/traefikio/v1alpha1.
		{groups: "traefik.io traefik.containo.us", kinds: "IngressRoute IngressRouteTCP TLSStore", paths: "spec.tls.secretName spec.defaultCertificate.secretName spec.certificates[].secretName"},
		{groups: "traefik.io traefik.containo.us", kinds: "Middleware", paths: "spec.basicAuth.secret spec.digestAuth.secret spec.forwardAuth.tls.caSecret spec.forwardAuth.tls.certSecret spec.rateLimit.redis.secret spec.rateLimit.redis.tls.caSecret spec.rateLimit.redis.tls.certSecret"},
		{groups: "traefik.io traefik.containo.us", kinds: "TLSOption", paths: "spec.clientAuth.secretNames[]"},
		{groups: "traefik.io traefik.containo.us", kinds: "ServersTransport ServersTransportTCP", paths: "spec.rootCAsSecrets[] spec.certificatesSecrets[] spec.tls.rootCAsSecrets[] spec.tls.certificatesSecrets[] spec.rootCAs[].secret spec.tls.rootCAs[].secret"},
		// Contour, apis/projectcontour/v1/httpproxy.go: "namespace/name" with a delegation.
		{groups: "projectcontour.io", kinds: "HTTPProxy", paths: "spec.virtualhost.tls.secretName?slash spec.**.caSecret?slash spec.**.crlSecret?slash"},
		{groups: "projectcontour.io", kinds: "ExtensionService", paths: "spec.validation.caSecret?slash"},
		{groups: "projectcontour.io", kinds: "ContourConfiguration ContourDeployment", paths: "spec.**.clientCertificate.name?namespace spec.**.fallbackCertificate.name?namespace spec.envoy.extraVolumes[].secret.secretName spec.envoy.extraVolumes[].projected.sources[].secret.name spec.envoy.extraVolumes[].csi.nodePublishSecretRef.name spec.envoy.extraVolumes[].*.secretRef.name"},
		{groups: "projectcontour.io", kinds: "TLSCertificateDelegation", paths: "spec.delegations[].secretName"},
		// NGINX Ingress Controller, pkg/apis/configuration/v1/types.go; Kong, api/configuration/v1; Emissary, getambassador.io/v3alpha1.
		{groups: "k8s.nginx.org", kinds: "VirtualServer TransportServer", paths: "spec.tls.secret"},
		{groups: "k8s.nginx.org", kinds: "Policy", paths: "spec.basicAuth.secret spec.jwt.secret spec.ingressMTLS.clientCertSecret spec.egressMTLS.tlsSecret spec.egressMTLS.trustedCertSecret spec.oidc.clientSecret spec.apiKey.clientSecret"},
		{groups: "configuration.konghq.com", kinds: "KongPlugin", paths: "configFrom.secretKeyRef.name configPatches[].valueFrom.secretKeyRef.name"},
		{groups: "configuration.konghq.com", kinds: "KongConsumer", paths: "credentials[]"},
		{groups: "getambassador.io", kinds: "Host", paths: "spec.tlsSecret.name?namespace spec.acmeProvider.privateKeySecret.name"},
		// Envoy Gateway, api/v1alpha1: SecretObjectReference.
		{groups: "gateway.envoyproxy.io", kinds: "SecurityPolicy ClientTrafficPolicy BackendTrafficPolicy Backend", paths: "spec.basicAuth.users.name?kind?namespace spec.oidc.clientSecret.name?kind?namespace spec.apiKeyAuth.credentialRefs[].name?kind?namespace " +
			"spec.**.caCertificateRefs[].name?kind!?namespace spec.**.clientCertificateRef.name?kind?namespace"},
		// Velero, pkg/apis/velero/v1: SecretKeySelector.
		{groups: "velero.io", kinds: "BackupStorageLocation VolumeSnapshotLocation", paths: "spec.credential.name spec.objectStorage.caCertRef.name"},
		// Crossplane providers: ProviderConfig's CommonCredentialSelectors have SecretKeySelector with a namespace.
		{groups: "*.upbound.io *.crossplane.io", kinds: "ProviderConfig ClusterProviderConfig", paths: "spec.credentials.secretRef.name?namespace?loose spec.**.*SecretRef.name?namespace?loose"},
		{groups: "pkg.crossplane.io", kinds: "Provider Configuration Function", paths: "spec.packagePullSecrets[].name?loose"},
		// Zalando postgres-operator, pkg/apis/acid.zalan.do/v1/postgresql_type.go.
		{groups: "acid.zalan.do", kinds: "postgresql", paths: podParts + "spec.tls.secretName spec.additionalVolumes[].volumeSource.secret.secretName"},
		// CloudNativePG, api/v1/cluster_types.go, pooler_types.go: LocalObjectReference and SecretKeySelector.
		{groups: "postgresql.cnpg.io barmancloud.cnpg.io", kinds: "Cluster Pooler Database DatabaseRole ObjectStore", paths: podParts + "spec.superuserSecret.name spec.bootstrap.*.secret.name spec.certificates.serverCASecret spec.certificates.serverTLSSecret " +
			"spec.certificates.clientCASecret spec.certificates.replicationTLSSecret spec.**.s3Credentials.*.name spec.**.azureCredentials.*.name spec.**.googleCredentials.applicationCredentials.name spec.**.endpointCA.name " +
			"spec.externalClusters[].password.name spec.externalClusters[].sslKey.name spec.externalClusters[].sslCert.name spec.externalClusters[].sslRootCert.name spec.managed.roles[].passwordSecret.name " +
			"spec.**.ldap.bindSearchAuth.bindPassword.name spec.pgbouncer.*Secret.name spec.passwordSecret.name spec.bootstrap.initdb.**.secretRefs[].name spec.monitoring.customQueriesSecret[].name spec.projectedVolumeTemplate.sources[].secret.name"},
		// ECK, pkg/apis: in all of them a secretName names a Secret that is read.
		{groups: "*.k8s.elastic.co", kinds: "*", paths: podParts + "spec.**.secretName"},
		// MongoDB: mongodb-kubernetes-operator api/v1; mongodb-atlas-kubernetes api/v1.
		{groups: "mongodbcommunity.mongodb.com", kinds: "MongoDBCommunity", paths: podParts + "spec.users[].passwordSecretRef.name spec.security.tls.*SecretRef.name spec.**.tlsSecretKeyRef.name spec.prometheus.passwordSecretRef.name"},
		{groups: "mongodb.com", kinds: "MongoDB MongoDBMultiCluster MongoDBOpsManager MongoDBUser", paths: podParts + "spec.credentials spec.passwordSecretKeyRef.name spec.adminCredentials"},
		{groups: "atlas.mongodb.com", kinds: "*", paths: "spec.connectionSecretRef.name?namespace spec.connectionSecret.name spec.passwordSecretRef.name spec.**.secretRef.name?namespace"},
		// RabbitMQ cluster-operator api/v1beta1 and messaging-topology-operator api/v1beta1.
		{groups: "rabbitmq.com", kinds: "RabbitmqCluster", paths: podParts + "spec.tls.secretName spec.tls.caSecretName spec.secretBackend.externalSecret.name"},
		{groups: "rabbitmq.com", kinds: "*", paths: "spec.importCredentialsSecret.name spec.uriSecret.name spec.rabbitmqClusterReference.connectionSecret.name"},
		// Grafana operator, api/v1beta1; Loki and Tempo operators, api/v1 and v1alpha1.
		{groups: "grafana.integreatly.org", kinds: "Grafana", pods: "spec.deployment.spec.template.spec", paths: "spec.external.apiKey.name spec.external.adminUser.name spec.external.adminPassword.name spec.external.tls.certSecretRef.name spec.client.tls.certSecretRef.name spec.serviceAccount.imagePullSecrets[].name spec.serviceAccount.secrets[].name spec.route.spec.tls.externalCertificate.name"},
		{groups: "grafana.integreatly.org", kinds: "*", paths: "spec.**.secretKeyRef.name spec.**.pullSecretRef.name spec.**.urlAuthorization.basicAuth.*.name"},
		{groups: "loki.grafana.com tempo.grafana.com", kinds: "LokiStack TempoStack TempoMonolithic", paths: "spec.storage.secret.name"},
		// opentelemetry-operator, apis/v1beta1: the pod's fields stand in spec.
		{groups: "opentelemetry.io", kinds: "OpenTelemetryCollector Instrumentation", pods: "spec", paths: podParts + "spec.env[].valueFrom.secretKeyRef.name spec.envFrom[].secretRef.name"},
		// Tekton, pkg/apis/pipeline/v1 and pkg/apis/triggers/v1beta1 (SecretRef has secretName).
		{groups: "tekton.dev", kinds: "Task Pipeline TaskRun PipelineRun StepAction", paths: podParts + "spec.workspaces[].secret.secretName spec.workspaces[].projected.sources[].secret.name"},
		{groups: "triggers.tekton.dev", kinds: "EventListener Trigger TriggerGroup", paths: podParts + "spec.**.secretRef.secretName"},
		// spark-operator, api/v1beta2: imagePullSecrets are strings, secrets have a mount path.
		{groups: "sparkoperator.k8s.io", kinds: "SparkApplication ScheduledSparkApplication", paths: "spec.**.secretKeyRef.name spec.**.envFrom[].secretRef.name spec.**.volumes[].secret.secretName spec.imagePullSecrets[] spec.template.imagePullSecrets[] spec.**.driver.secrets[].name spec.**.executor.secrets[].name"},
		// Redis operator (opstree), api/v1beta2.
		{groups: "redis.redis.opstreelabs.in", kinds: "Redis RedisCluster RedisReplication RedisSentinel", paths: podParts + "spec.kubernetesConfig.redisSecret.name spec.kubernetesConfig.imagePullSecrets[].name spec.TLS.secret.secretName"},
	}
}
