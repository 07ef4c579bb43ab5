package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/millrace/millrace/engine/lockfile"
	"github.com/millrace/millrace/engine/store"
)

// disks are where the groups of this process keep their tables: a directory for each, which it holds, and one cache for
// all.
type disks struct {
	data   string // empty: in memory
	log    *slog.Logger
	root   *store.Disk
	groups []*store.Disk
}

// open returns the opener of a group's tables.
func (d *disks) open(name string) (store.Opener, error) {
	if d.data == "" {
		return store.Memory{}, nil
	}
	var err error
	if d.root == nil {
		if d.root, err = store.NewDisk(store.DiskConfig{Dir: filepath.Join(d.data, "tables"),
			Logger: d.log}); err != nil {
			return nil, err
		}
	}
	below, err := d.root.Below(name)
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, fmt.Errorf("%w (is this group running with this slot already? each process needs a --slot of its own)", err)
	}
	if err != nil {
		return nil, err
	}
	d.groups = append(d.groups, below)
	return below, nil
}

// close gives the directories up. The tables must be closed before.
func (d *disks) close() error {
	if d.root == nil {
		return nil
	}
	var errs []error
	for _, g := range d.groups {
		errs = append(errs, g.Close())
	}
	return errors.Join(append(errs, d.root.Close())...)
}
