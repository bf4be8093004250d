package limit

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	lockSuffix = ".lock"
	newSuffix  = ".new"
	// cleanFile is locked by the process that cleans.
	cleanFile = "clean"
)

// Scratch makes a directory for this process's temporary files and returns its
// path. Clean of another process removes it once this one is dead; remove
// removes it now, and may be called more than once.
func (l *Limiter) Scratch() (dir string, remove func() error, err error) {
	if l.root == nil {
		dir, err := os.MkdirTemp("", "kesbridge-")
		return dir, func() error { return os.RemoveAll(dir) }, err
	}
	// Names are never used again, so a name's lock stays its owner's.
	name := scratchDir + "/" + strconv.Itoa(os.Getpid()) + "-" + rand.Text()
	held, err := l.scratchLock(name)
	if err == nil {
		err = l.root.Mkdir(name, 0o700)
	}
	if err != nil {
		if held != nil {
			held.Close()
		}
		return "", nil, fmt.Errorf("make scratch directory: %w", err)
	}
	return filepath.Join(l.path, filepath.FromSlash(name)), func() error {
		if held == nil {
			return nil
		}
		err := l.removeScratch(name)
		held.Close()
		held = nil
		return err
	}, nil
}

// scratchLock makes a lock file that nobody sees before it is locked.
func (l *Limiter) scratchLock(name string) (*os.File, error) {
	f, err := l.root.OpenFile(name+newSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f, exclusive); err != nil {
		return f, err
	}
	return f, l.root.Rename(name+newSuffix, name+lockSuffix)
}

// removeScratch removes a directory, and its lock last: if that is as far as
// it doesn't get, the next cleaner goes on.
func (l *Limiter) removeScratch(name string) error {
	if err := l.root.RemoveAll(name); err != nil {
		return fmt.Errorf("remove scratch directory: %w", err)
	}
	for _, suffix := range []string{newSuffix, lockSuffix} {
		if err := ignoreAbsent(l.root.Remove(name + suffix)); err != nil {
			return fmt.Errorf("remove scratch directory: %w", err)
		}
	}
	return nil
}

// Clean removes the scratch directories that dead processes left, and returns
// how many. Where another process is cleaning it leaves that to it.
func (l *Limiter) Clean() (removed int, err error) {
	if l.root == nil {
		return 0, nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("clean up after dead processes: %w", err)
		}
	}()
	f, err := l.root.OpenFile(cleanFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if ok, err := tryLock(f, exclusive); !ok || err != nil {
		return 0, err
	}
	names, err := l.names(scratchDir)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		ok, e := l.cleanOne(scratchDir + "/" + name)
		if ok {
			removed++
		}
		err = errors.Join(err, e)
	}
	return removed, err
}

// cleanOne removes what belongs to one name in the scratch directory, if its
// owner is dead.
func (l *Limiter) cleanOne(name string) (removed bool, err error) {
	base, isLock := strings.CutSuffix(name, lockSuffix)
	if unborn, ok := strings.CutSuffix(name, newSuffix); ok {
		// Its owner was killed before there was a directory, or is about to
		// make one.
		fi, err := l.root.Lstat(name)
		if err != nil || time.Since(fi.ModTime()) < time.Minute {
			return false, ignoreAbsent(err)
		}
		return false, l.removeScratch(unborn)
	}
	if !isLock {
		// The lock is there before the directory is, and after it.
		_, err := l.root.Lstat(name + lockSuffix)
		if err == nil || ignoreAbsent(err) != nil {
			return false, err
		}
		_, absent := l.root.Lstat(name)
		err = l.removeScratch(name)
		return err == nil && absent == nil, err
	}
	f, err := l.root.OpenFile(name, os.O_RDWR, 0o600)
	if err != nil {
		return false, ignoreAbsent(err)
	}
	defer f.Close()
	if dead, err := tryLock(f, exclusive); !dead || err != nil {
		return false, err
	}
	_, absent := l.root.Lstat(base)
	err = l.removeScratch(base)
	return err == nil && absent == nil, err
}
