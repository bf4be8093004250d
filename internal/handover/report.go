package handover

// Outcome is what became of a Secret.
type Outcome string

// Result is what was done to one Secret.
type Result struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Outcome   Outcome   `json:"outcome"`
	Steps     []string  `json:"steps,omitempty"`
	Problems  []Problem `json:"problems,omitempty"`
	Error     string    `json:"error,omitempty"`
	Fix       string    `json:"fix,omitempty"`
	SecretUID string    `json:"secretUID,omitempty"`
	Requests  int64     `json:"requests"`
	Seconds   float64   `json:"seconds"`
}

// Report is what a run did.
type Report struct {
	Server  string    `json:"server"`
	DryRun  bool      `json:"dryRun"`
	Run     string    `json:"run,omitempty"`
	Journal string    `json:"journal,omitempty"`
	Results []*Result `json:"results"`
	Notes   []string  `json:"notes,omitempty"`
	// Requests are all that were sent; those of a single Secret are in Results.
	Requests int64   `json:"requests"`
	Seconds  float64 `json:"seconds"`
}

// Count is how many Secrets had an outcome.
func (r *Report) Count(o Outcome) int {
	n := 0
	for _, one := range r.Results {
		if one.Outcome == o {
			n++
		}
	}
	return n
}

// PollError says that KES's interval isn't known.
type PollError struct{ Controller string }

func (e *PollError) Error() string {
	return e.Controller + " takes POLLER_INTERVAL_MILLISECONDS from a Secret"
}

// Hint says what to do.
func (e *PollError) Hint() string { return "give the interval with --poll-interval" }

// NothingError says that a selection is empty.
type NothingError struct{ Namespace string }

func (e *NothingError) Error() string {
	if e.Namespace == "" {
		return "no KES or ESO resource is selected in the cluster"
	}
	return "no KES or ESO resource is selected in namespace " + e.Namespace
}

// Hint says what to do.
func (e *NothingError) Hint() string {
	return "choose with -n NAMESPACE, -A, -l SELECTOR, --app or names; kesbridge cutover status -A shows what is there"
}
