package handover

import (
	"context"
	"encoding/json"
)

// WhoAmI asks the API server who it takes us for, which every user may; where
// it doesn't say (before Kubernetes 1.28), the kubeconfig's name of the user.
func (c *Client) WhoAmI(ctx context.Context) string {
	var review struct {
		Status struct {
			UserInfo struct {
				Username string `json:"username"`
			} `json:"userInfo"`
		} `json:"status"`
	}
	body := []byte(`{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`)
	data, err := do(ctx, c.rest.Post().AbsPath("/apis/authentication.k8s.io/v1/selfsubjectreviews").Body(body))
	if err == nil {
		err = json.Unmarshal(data, &review)
	}
	if err != nil || review.Status.UserInfo.Username == "" {
		return c.User
	}
	return review.Status.UserInfo.Username
}
