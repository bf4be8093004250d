package store

import (
	"kesbridge/internal/manifest"
)

// The annotations that give pods an AWS identity: IAM roles for service
// accounts, and kube2iam or kiam.
const (
	irsaAnnotation     = "eks.amazonaws.com/role-arn"
	kube2iamAnnotation = "iam.amazonaws.com/role"
)

// buildAWS follows KES's config/aws-config.js and lib/backends/
// secrets-manager-backend.js: an item's roleArn is assumed by the pod's
// identity, through AWS_INTERMEDIATE_ROLE_ARN where that is set; without
// roleArn the pod's identity reads.
func buildAWS(b *builder) manifest.Map {
	n := b.Need
	service := "SecretsManager"
	if n.Backend == "systemManager" {
		service = "ParameterStore"
	}
	m := manifest.Map{{Key: "service", Value: service}}
	m.Set("region", b.region())
	base, auth := b.awsIdentity()
	if n.RoleArn != "" {
		m.Set("role", n.RoleArn)
		b.roles(&m, base)
	}
	if auth != nil {
		m.Set("auth", auth)
	}
	b.setDefault(&m, "sessionTagsPolicy")
	b.awsGrants(service)
	return m
}

// region is the resource's, or KES's: AWS_REGION or AMAZON_REGION for its AWS
// SDK; older charts set AWS_DEFAULT_REGION.
func (b *builder) region() string {
	if b.Need.Region != "" {
		return b.Need.Region
	}
	v := b.look("AWS_REGION")
	for _, name := range []string{"AMAZON_REGION", "AWS_DEFAULT_REGION"} {
		if other := b.look(name); !v.set() && other.set() {
			v = other
		}
	}
	if v.value != "" {
		return v.value
	}
	text := b.where(v)
	if !v.set() && v.open {
		text += "; KES's chart sets us-west-2 where its values say nothing" // charts/kubernetes-external-secrets/values.yaml:7
	}
	b.unknown(b.path+".region", true, "%s", text)
	return ""
}

// identity is who KES is to AWS before it assumes an item's role.
type identity struct {
	// arn is its role where Git tells.
	arn string
	// says who that is in words.
	says string
}

// awsIdentity looks for credentials in the order of KES's AWS SDK.
func (b *builder) awsIdentity() (identity, manifest.Map) {
	id, secret := b.look("AWS_ACCESS_KEY_ID"), b.look("AWS_SECRET_ACCESS_KEY")
	if id.set() && secret.set() {
		ref := manifest.Map{
			{Key: "accessKeyIDSecretRef", Value: b.selector("auth.secretRef.accessKeyIDSecretRef", id)},
			{Key: "secretAccessKeySecretRef", Value: b.selector("auth.secretRef.secretAccessKeySecretRef", secret)},
		}
		if token := b.optional("AWS_SESSION_TOKEN"); token.set() {
			ref.Set("sessionTokenSecretRef", b.selector("auth.secretRef.sessionTokenSecretRef", token))
		}
		return identity{says: "the user of the access key (AWS_ACCESS_KEY_ID of KES)"}, manifest.Map{{Key: "secretRef", Value: ref}}
	}
	if id.set() || secret.set() {
		v := secret
		if secret.set() {
			v = id
		}
		b.unknown(b.path+".auth.secretRef", true, "KES has one half of an access key in Git: %s", b.where(v))
		return identity{}, nil
	}
	b.optional(id.name)
	for _, name := range []string{"AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"} {
		if b.look(name).set() {
			b.unknown(b.path+".auth", true, "KES has its credentials from a file (%s), which ESO doesn't read: put them into a Secret, or give ESO a role", name)
			return identity{says: "the identity in KES's credentials file"}, nil
		}
	}
	if b.KES != nil {
		if arn := b.KES.ServiceAccount.Annotations[irsaAnnotation]; arn != "" {
			return b.irsa(arn)
		}
		if arn := b.look("AWS_ROLE_ARN").value; arn != "" {
			b.ambient()
			b.grant("IAM role %s (AWS_ROLE_ARN of KES): ESO's service account must be allowed it: annotate it with %s, and name it in the condition on :sub of the role's trust policy, which allows %s now", arn, irsaAnnotation, b.whose())
			return identity{arn: arn}, nil
		}
		if role := b.KES.PodAnnotations[kube2iamAnnotation]; role != "" {
			b.ambient()
			b.grant("IAM role %s: annotate ESO's pods with %s: %s, as KES's are (kube2iam or kiam); with kiam the annotation iam.amazonaws.com/permitted of ESO's namespace must allow it", role, kube2iamAnnotation, role)
			return identity{arn: role}, nil
		}
	}
	b.ambient()
	b.unknown(b.path+".auth", false, "Git shows no AWS identity of KES's (that of its node, or of EKS Pod Identity): ESO's own has to read the same")
	return identity{says: "ESO's AWS identity"}, nil
}

// irsa is a role of KES's service account. In a ClusterSecretStore it stays
// that account's; a SecretStore can name accounts of its namespace only.
func (b *builder) irsa(arn string) (identity, manifest.Map) {
	ref, name, ok := b.account()
	if !ok {
		b.ambient()
		b.grant("IAM role %s: ESO's service account must be allowed it: annotate it with %s: %s, and name it in the condition on :sub of the role's trust policy, which allows %s now",
			arn, irsaAnnotation, arn, b.whose())
		if !b.cluster && b.kesNamespace() != "" {
			b.grant("or make a service account with that annotation in the store's namespace, name it in the trust policy, and in %s.auth.jwt.serviceAccountRef", b.path)
		}
		return identity{arn: arn}, nil
	}
	b.grant("IAM role %s: its trust policy must go on allowing %s (the condition on :sub), as for KES", arn, b.whose())
	b.useAccount("auth.jwt.serviceAccountRef", name)
	return identity{arn: arn}, manifest.Map{{Key: "jwt", Value: manifest.Map{{Key: "serviceAccountRef", Value: ref}}}}
}

// roles is the chain to an item's role.
func (b *builder) roles(m *manifest.Map, base identity) {
	who := base.says
	if base.arn != "" {
		who = base.arn
	}
	role := b.Need.RoleArn
	switch v := b.optional("AWS_INTERMEDIATE_ROLE_ARN"); {
	case v.value != "":
		m.Set("additionalRoles", []any{v.value})
		b.grant("IAM role %s (AWS_INTERMEDIATE_ROLE_ARN of KES): its trust policy must allow %s", v.value, who)
		who = v.value
	case v.set():
		b.unknown(b.path+".additionalRoles", true, "%s", b.where(v))
	}
	b.grant("IAM role %s: its trust policy must allow %s; a condition on sts:RoleSessionName doesn't hold any more: KES's sessions are named k8s-external-secrets, ESO's differ each time", role, who)
}

func (b *builder) awsGrants(service string) {
	may := "secretsmanager:GetSecretValue"
	if service == "ParameterStore" {
		// For data[].path ESO always asks recursively, with decryption.
		may = "ssm:GetParameter, and for items with path ssm:GetParametersByPath"
	}
	b.grant("what reads must be allowed %s on the keys, and kms:Decrypt on their keys in KMS, as for KES", may)
	if v := b.look("AWS_STS_ENDPOINT"); v.set() {
		b.unknown(b.path, false, "KES has AWS_STS_ENDPOINT, which is no field of a store: set it for ESO's Deployment")
	}
	if b.look("LOCALSTACK").set() {
		b.unknown(b.path, false, "KES talks to localstack (LOCALSTACK): set AWS_SECRETSMANAGER_ENDPOINT, AWS_SSM_ENDPOINT and AWS_STS_ENDPOINT for ESO's Deployment")
	}
}
