/** The manifest that the demo plays unless it is given another one: examples/StatefulSet.yaml. */
export const SAMPLE_MANIFEST = `# Three nginx pods with fixed addresses: web-0 gets the first address of the pool, web-1 the second, web-2 the third.
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
  namespace: product
spec:
  serviceName: web
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
      annotations:
        ovn.kubernetes.io/ip_pool: 10.16.0.21,10.16.0.22,10.16.0.23
    spec:
      containers:
        - name: nginx
          image: nginx:1.27
          ports:
            - containerPort: 80
              name: http
`;
