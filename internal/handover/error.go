package handover

import (
	"fmt"
	"strings"
	"time"
)

// LostError is what must never happen: the Secret went, or came back as
// another one.
type LostError struct{ Namespace, Name, Was, Is string }

func (e *LostError) Error() string {
	if e.Is == "" {
		return fmt.Sprintf("Secret %s/%s is gone", e.Namespace, e.Name)
	}
	return fmt.Sprintf("Secret %s/%s is another one: uid %s instead of %s", e.Namespace, e.Name, e.Is, e.Was)
}

// Hint says what to do.
func (e *LostError) Hint() string {
	return "something beside kesbridge deleted it; kubectl annotate the ESO resource so that ESO makes it again, then look at the API server's audit log"
}

// UnseenError says that KES objects are there and no KES was recognised.
type UnseenError struct{}

func (*UnseenError) Error() string {
	return "KES resources are there, and no KES is found that would serve them"
}

// Hint says what to do.
func (*UnseenError) Hint() string {
	return "if KES isn't installed any more, say so with --kes none; if its image and labels have other names, name its Deployment with --kes NAMESPACE/NAME"
}

// TakenBackError says that KES wrote the Secret after ESO had got it.
type TakenBackError struct{ Namespace, Name string }

func (e *TakenBackError) Error() string {
	return fmt.Sprintf("KES took Secret %s/%s back", e.Namespace, e.Name)
}

// Hint says what to do.
func (e *TakenBackError) Hint() string {
	return "a KES that runs serves it; nothing is lost; find it with kesbridge cutover status, stop it, and run again"
}

// NotAdoptedError says that ESO didn't write the Secret in time.
type NotAdoptedError struct {
	Namespace, Name, ESO string
	Message              string
	After                time.Duration
}

func (e *NotAdoptedError) Error() string {
	s := fmt.Sprintf("ESO owns Secret %s/%s and has not written it after %s", e.Namespace, e.Name, e.After.Round(time.Second))
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Hint says what to do.
func (e *NotAdoptedError) Hint() string {
	return "the Secret is in place, with its old data; see kubectl describe externalsecrets.external-secrets.io -n " + e.Namespace + " " + e.ESO + " and run again, or kesbridge cutover rollback"
}

// DifferentError says that ESO wrote other data than KES had.
type DifferentError struct {
	Namespace, Name string
	// Keys are those that differ, if this run saw the old data.
	Keys []string
}

func (e *DifferentError) Error() string {
	s := fmt.Sprintf("ESO wrote other data to Secret %s/%s than was there", e.Namespace, e.Name)
	if len(e.Keys) > 0 {
		s += ": " + keyList(e.Keys)
	}
	return s
}

// Hint says what to do.
func (e *DifferentError) Hint() string {
	return "the KES resource is still there: go back with kesbridge cutover rollback, which gives the Secret to KES again, and see kesbridge verify; if the backend's value just changed, run again with --allow-different-data"
}

// StaysError says that a KES object doesn't go.
type StaysError struct {
	Namespace, Name string
	Again           bool
	Finalizers      []string
}

func (e *StaysError) Error() string {
	if e.Again {
		return fmt.Sprintf("KES resource %s/%s was created again", e.Namespace, e.Name)
	}
	return fmt.Sprintf("KES resource %s/%s is being deleted and doesn't go: finalizers %v", e.Namespace, e.Name, e.Finalizers)
}

// Hint says what to do.
func (e *StaysError) Hint() string {
	if e.Again {
		return "ESO has the Secret; take the KES resource out of Git, sync, and run again"
	}
	return "ESO has the Secret; the garbage collector (kube-controller-manager) has to run for an orphaning deletion to end"
}

// EmptyJournalError says that a journal has nothing about a cluster.
type EmptyJournalError struct {
	File, Server string
	// Others are the clusters that it has something about.
	Others []string
}

func (e *EmptyJournalError) Error() string {
	s := fmt.Sprintf("the journal %s holds no hand-over in cluster %s", e.File, e.Server)
	if len(e.Others) > 0 {
		s += "; it has those of " + strings.Join(e.Others, ", ")
	}
	return s
}

// Hint says what to do.
func (e *EmptyJournalError) Hint() string {
	return "give the journal of the run with --journal, or names of Secrets whose KES resources are still there"
}

// NotTakenError says that KES didn't take a Secret over in time.
type NotTakenError struct {
	Namespace, Name string
	Status          string
	After           time.Duration
}

func (e *NotTakenError) Error() string {
	s := fmt.Sprintf("KES has not taken Secret %s/%s over after %s", e.Namespace, e.Name, e.After.Round(time.Second))
	if e.Status != "" {
		s += "; it says " + e.Status
	}
	return s
}

// Hint says what to do.
func (e *NotTakenError) Hint() string {
	return "the Secret is in place, and ESO's resource is not removed; see KES's log, and run again"
}

// ESOStaysError says that an ESO object doesn't go.
type ESOStaysError struct {
	Namespace, Name string
	Again           bool
}

func (e *ESOStaysError) Error() string {
	if e.Again {
		return fmt.Sprintf("ESO resource %s/%s was created again", e.Namespace, e.Name)
	}
	return fmt.Sprintf("ESO resource %s/%s is being deleted and doesn't go", e.Namespace, e.Name)
}

// Hint says what to do.
func (e *ESOStaysError) Hint() string {
	if e.Again {
		return "KES has the Secret; take the ESO resource out of Git, sync, and run again"
	}
	return "ESO has to run to clear its finalizer, and the garbage collector for a deletion that orphans"
}
