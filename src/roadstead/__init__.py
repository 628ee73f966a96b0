"""GitOps for fleets of Kubernetes clusters."""
