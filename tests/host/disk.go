package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

// block is the unit in which old content is kept for snapshots; it is also
// the grain of the streams.
const block = 64 << 10

// disk is a raw file that is the live content of a virtual disk.  A snapshot
// of it is free: what a later write replaces is kept for the snapshot first.
// Only writes through writeAt are seen; whoever changes the file by other
// means while a snapshot is open changes the snapshot as well.
type disk struct {
	mu     sync.RWMutex
	path   string
	f      *os.File
	size   int64
	gen    int // counts changes of the content
	mtime  time.Time
	frozen map[int]*frozen // by gen
}

// frozen is the content a disk had at some moment.
type frozen struct {
	d     *disk
	gen   int
	users int
	mtime time.Time
	old   map[int64][]byte // blocks that were overwritten since
}

func openDisk(path string) (*disk, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if os.IsPermission(err) {
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() == 0 || st.Size()%512 != 0 {
		return nil, fmt.Errorf("%s: %d bytes are no whole sectors", path, st.Size())
	}
	return &disk{path: path, f: f, size: st.Size(), mtime: st.ModTime(),
		frozen: make(map[int]*frozen)}, nil
}

// freeze gives the content as of now; the caller must release it.
func (d *disk) freeze() *frozen {
	d.mu.Lock()
	defer d.mu.Unlock()
	// A test may have changed the file itself since.
	if st, err := d.f.Stat(); err == nil && !st.ModTime().Equal(d.mtime) {
		d.mtime = st.ModTime()
		d.gen++
	}
	z := d.frozen[d.gen]
	if z == nil {
		z = &frozen{d: d, gen: d.gen, mtime: d.mtime, old: make(map[int64][]byte)}
		d.frozen[d.gen] = z
	}
	z.users++
	return z
}

func (z *frozen) hold() *frozen {
	z.d.mu.Lock()
	defer z.d.mu.Unlock()
	z.users++
	return z
}

func (z *frozen) release() {
	z.d.mu.Lock()
	defer z.d.mu.Unlock()
	if z.users--; z.users == 0 {
		delete(z.d.frozen, z.gen)
		z.old = nil
	}
}

// writeAt is the guest writing to its disk.
func (d *disk) writeAt(p []byte, off int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if off < 0 || off+int64(len(p)) > d.size {
		return fmt.Errorf("%d bytes at %d: beyond the disk's %d", len(p), off, d.size)
	}
	for b := off / block; b*block < off+int64(len(p)); b++ {
		if err := d.keep(b); err != nil {
			return err
		}
	}
	if _, err := d.f.WriteAt(p, off); err != nil {
		return err
	}
	d.gen++
	if st, err := d.f.Stat(); err == nil {
		d.mtime = st.ModTime()
	}
	return nil
}

// keep saves a block for every frozen content that still shares it.
func (d *disk) keep(b int64) error {
	var saved []byte
	for _, z := range d.frozen {
		if _, ok := z.old[b]; ok {
			continue
		}
		if saved == nil {
			saved = make([]byte, block)
			if _, err := d.f.ReadAt(saved, b*block); err != nil && err != io.EOF {
				return err
			}
		}
		z.old[b] = saved
	}
	return nil
}

// readBlock reads block b into p, which is zeroed beyond the disk's end.
func (z *frozen) readBlock(b int64, p []byte) error {
	z.d.mu.RLock()
	defer z.d.mu.RUnlock()
	if old, ok := z.old[b]; ok {
		copy(p, old)
		return nil
	}
	n, err := z.d.f.ReadAt(p, b*block)
	if err != nil && err != io.EOF {
		return err
	}
	for i := range p[n:] {
		p[n+i] = 0
	}
	return nil
}

// ReadAt reads any piece; what of it was overwritten since comes from the
// blocks that were kept.
func (z *frozen) ReadAt(p []byte, off int64) (int, error) {
	z.d.mu.RLock()
	defer z.d.mu.RUnlock()
	n, err := z.d.f.ReadAt(p, off)
	if len(z.old) == 0 {
		return n, err
	}
	for b := off / block; b*block < off+int64(n); b++ {
		old, ok := z.old[b]
		if !ok {
			continue
		}
		if at := b*block - off; at >= 0 {
			copy(p[at:n], old)
		} else {
			copy(p[:n], old[-at:])
		}
	}
	return n, err
}

func (z *frozen) blocks() int64 { return (z.d.size + block - 1) / block }

// whence values of lseek for sparse files.
const (
	seekData = 3
	seekHole = 4
)

// nextData gives the first block at or after b that may hold data, and the
// first one after it that starts in a hole; ok is false when all the rest is
// a hole.  Blocks kept for this snapshot lie in data as well, since they were
// overwritten there.
func (z *frozen) nextData(b int64) (from, to int64, ok bool) {
	fd := int(z.d.f.Fd())
	off, err := syscall.Seek(fd, b*block, seekData)
	if err == syscall.ENXIO {
		return 0, 0, false
	}
	if err != nil || off < b*block {
		return b, z.blocks(), b < z.blocks()
	}
	end, err := syscall.Seek(fd, off, seekHole)
	if err != nil {
		end = z.d.size
	}
	return off / block, (end + block - 1) / block, off < z.d.size
}

// copyTo writes the content as a sparse raw file.
func (z *frozen) copyTo(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(z.d.size); err != nil {
		return err
	}
	p := make([]byte, block)
	for b := int64(0); ; {
		from, to, ok := z.nextData(b)
		if !ok {
			return nil
		}
		for b = from; b < to; b++ {
			if err := z.readBlock(b, p); err != nil {
				return err
			}
			n := z.d.size - b*block
			if n > block {
				n = block
			}
			if _, err := f.WriteAt(p[:n], b*block); err != nil {
				return err
			}
		}
	}
}

// allocated is the space the file takes.
func (d *disk) allocated() int64 {
	var st syscall.Stat_t
	if err := syscall.Fstat(int(d.f.Fd()), &st); err != nil {
		return d.size
	}
	return st.Blocks * 512
}
