package main

import (
	"bufio"
	"fmt"
	"os"
)

// The documents are of the kinds and sizes that applications hold; each has a
// name of its own.
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-%[1]d # written by hand
  namespace: shop-%[2]d
  labels: {app: service-%[1]d, tier: backend}
spec:
  replicas: 3
  selector:
    matchLabels:
      app: service-%[1]d
  template:
    metadata:
      labels:
        app: service-%[1]d
      annotations:
        checksum/config: "8f0c1d4e%[1]d"
    spec:
      serviceAccountName: service-%[1]d
      containers:
        - name: main
          image: registry.shop.example/service-%[1]d:1.%[2]d.0
          args: ["--listen", ":8080", "--log-level=info"]
          env:
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef: {name: service-%[1]d-database, key: url}
          ports:
            - {containerPort: 8080, name: http}
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 256Mi}
          readinessProbe:
            httpGet: {path: /healthz, port: http}
`

const configMap = `# Settings of service %[1]d.
apiVersion: v1
kind: ConfigMap
metadata:
  name: service-%[1]d
  namespace: shop-%[2]d
data:
  application.yaml: |
    server:
      port: 8080
      # a line that looks like a separator
      banner: |
        --- service %[1]d ---
    features:
      - search
      - recommendations
  nginx.conf: |
    location / { proxy_pass http://service-%[1]d; }
    location /static/ { root /srv/www; expires 7d; }
`

const service = `apiVersion: v1
kind: Service
metadata:
  name: service-%[1]d
  namespace: shop-%[2]d
spec:
  selector:
    app: service-%[1]d
  ports:
    - name: http
      port: 80
      targetPort: http
`

const kesSecret = `apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata:
  name: service-%[1]d-database
  namespace: shop-%[2]d
spec:
  backendType: secretsManager
  region: eu-west-1
  roleArn: arn:aws:iam::111122223333:role/shop
  data:
    - key: shop/service-%[1]d/database
      name: url
      property: url
    - key: shop/service-%[1]d/database
      name: password
      property: credentials.password
  template:
    metadata:
      labels:
        app: service-%[1]d
`

// writeStream writes about size bytes of documents; every hundredth is a KES
// one if kes says so.
func writeStream(file string, size int64, kes bool) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	kinds := []string{deployment, configMap, service}
	var n int64
	for i := 0; n < size; i++ {
		text := kinds[i%len(kinds)]
		if kes && i%100 == 50 {
			text = kesSecret
		}
		k, err := fmt.Fprintf(w, "---\n"+text, i, i%97)
		if err != nil {
			return err
		}
		n += int64(k)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	// Not while somebody is timed.
	return f.Sync()
}
