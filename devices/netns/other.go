//go:build !linux

package netns

import "errors"

var errNoLinux = errors.New("network namespaces need Linux")

// Runs tells that there can be none.
func Runs() ([]string, error) { return nil, errNoLinux }

// Down tells that there is nothing to end.
func Down(string) (lived bool, err error) { return false, errNoLinux }

// CleanOwn has nothing to take away.
func CleanOwn() (bool, error) { return false, nil }
