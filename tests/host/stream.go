package main

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"sync"
)

// The layout of a streamOptimized VMDK as a host sends it: version 3, tables
// after their grains, the directory and a footer at the end.
const (
	sector        = 512
	grainSectors  = block / sector
	gtEntries     = 512
	gtSectors     = gtEntries * 4 / sector
	overhead      = 128 // sectors until the first marker
	markerEOS     = 0
	markerGT      = 1
	markerGD      = 2
	markerFooter  = 3
	markerNote    = 4 // progress: a sign of life in long holes
	gdAtEnd       = ^uint64(0)
	holePerMarker = 1 << 30 // bytes of hole that one sign of life stands for
)

// content is what a stream is made of.
type content interface {
	blocks() int64
	nextData(b int64) (from, to int64, ok bool)
	readBlock(b int64, p []byte) error
}

// streamInfo is what the descriptor inside the stream tells.
type streamInfo struct {
	size      int64
	cid       uint32
	contentID string
	adapter   string
	hw        string
}

func (i *streamInfo) sectors() uint64 { return uint64(i.size+sector-1) / sector }

// geometry is what hosts write for a disk of so many sectors.
func geometry(cap uint64) (cylinders, heads, spt uint64) {
	heads, spt = 255, 63
	if cap < 2<<20 {
		heads, spt = 64, 32
	}
	return cap / heads / spt, heads, spt
}

func (i *streamInfo) descriptor() string {
	cap := i.sectors()
	cyl, heads, spt := geometry(cap)
	return fmt.Sprintf(`# Disk DescriptorFile
version=1
CID=%08x
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RDONLY %d SPARSE "generated-stream.vmdk"

# The Disk Data Base
#DDB

ddb.adapterType = "%s"
ddb.geometry.cylinders = "%d"
ddb.geometry.heads = "%d"
ddb.geometry.sectors = "%d"
ddb.longContentID = "%s"
ddb.virtualHWVersion = "%s"
`, i.cid, cap, i.adapter, cyl, heads, spt, i.contentID, i.hw)
}

// streamWriter counts sectors and remembers where tables and grains went.
type streamWriter struct {
	w       io.Writer
	at      uint64 // sectors written
	info    *streamInfo
	gd      []uint32
	gt      [gtEntries]uint32
	gtIndex int64 // the table being filled
	gtUsed  bool
	grains  int64
}

func (s *streamWriter) put(p []byte) error {
	if len(p)%sector != 0 {
		p = append(p, make([]byte, sector-len(p)%sector)...)
	}
	s.at += uint64(len(p) / sector)
	_, err := s.w.Write(p)
	return err
}

// header makes the sparse header; the footer differs only in where the
// directory is.
func (s *streamWriter) header(gd uint64, descSectors int) []byte {
	h := make([]byte, sector)
	le := binary.LittleEndian
	copy(h, "KDMV")
	le.PutUint32(h[4:], 3)
	le.PutUint32(h[8:], 0x30001)
	le.PutUint64(h[12:], s.info.sectors())
	le.PutUint64(h[20:], grainSectors)
	le.PutUint64(h[28:], 1)
	le.PutUint64(h[36:], uint64(descSectors))
	le.PutUint32(h[44:], gtEntries)
	le.PutUint64(h[48:], 0)
	le.PutUint64(h[56:], gd)
	le.PutUint64(h[64:], overhead)
	h[72] = 0
	copy(h[73:], "\n \r\n")
	le.PutUint16(h[77:], 1)
	return h
}

// marker is a metadata marker for a payload of that many sectors.
func marker(kind uint32, sectors uint64) []byte {
	m := make([]byte, sector)
	binary.LittleEndian.PutUint64(m, sectors)
	binary.LittleEndian.PutUint32(m[12:], kind)
	return m
}

func (s *streamWriter) begin() (descSectors int, err error) {
	desc := []byte(s.info.descriptor())
	descSectors = (len(desc) + sector - 1) / sector
	front := make([]byte, overhead*sector)
	copy(front, s.header(gdAtEnd, descSectors))
	copy(front[sector:], desc)
	gts := (s.info.sectors() + gtEntries*grainSectors - 1) / (gtEntries * grainSectors)
	s.gd = make([]uint32, gts)
	return descSectors, s.put(front)
}

// grain writes one compressed grain; grains come in ascending order.
func (s *streamWriter) grain(b int64, deflated []byte) error {
	if err := s.reach(b / gtEntries); err != nil {
		return err
	}
	s.gt[b%gtEntries] = uint32(s.at)
	s.gtUsed = true
	s.grains++
	m := make([]byte, 12, 12+len(deflated)+sector)
	binary.LittleEndian.PutUint64(m, uint64(b)*grainSectors)
	binary.LittleEndian.PutUint32(m[8:], uint32(len(deflated)))
	return s.put(append(m, deflated...))
}

// reach writes out the table of the grains so far when gt is another one.
func (s *streamWriter) reach(gt int64) error {
	if gt == s.gtIndex {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.gtIndex = gt
	return nil
}

func (s *streamWriter) flush() error {
	if !s.gtUsed {
		return nil
	}
	if err := s.put(marker(markerGT, gtSectors)); err != nil {
		return err
	}
	s.gd[s.gtIndex] = uint32(s.at)
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, s.gt[:])
	s.gt, s.gtUsed = [gtEntries]uint32{}, false
	return s.put(b.Bytes())
}

// note writes the sign of life, four times to fill a buffer of 2 KiB.
func (s *streamWriter) note(b int64) error {
	if err := s.reach(b / gtEntries); err != nil {
		return err
	}
	m := marker(markerNote, 0)
	binary.LittleEndian.PutUint64(m[16:], uint64(b)*grainSectors)
	return s.put(bytes.Repeat(m, 4))
}

func (s *streamWriter) end(descSectors int) error {
	if err := s.flush(); err != nil {
		return err
	}
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, s.gd)
	sectors := uint64(b.Len()+sector-1) / sector
	if err := s.put(marker(markerGD, sectors)); err != nil {
		return err
	}
	gd := s.at
	tail := b.Bytes()
	tail = append(tail, make([]byte, int(sectors)*sector-len(tail))...)
	tail = append(tail, marker(markerFooter, 1)...)
	tail = append(tail, s.header(gd, descSectors)...)
	tail = append(tail, marker(markerEOS, 0)...)
	return s.put(tail)
}

// job is a grain on its way through the compressors, in order.
type job struct {
	b    int64
	note bool
	done chan []byte
	err  error
}

// writeStream writes the whole stream; it gives the bytes of grains in it.
func writeStream(w io.Writer, c content, info *streamInfo) (populated int64, err error) {
	s := &streamWriter{w: w, info: info}
	descSectors, err := s.begin()
	if err != nil {
		return 0, err
	}
	stop := make(chan struct{})
	defer close(stop)
	for j := range readGrains(c, stop) {
		if j.err == nil && j.note {
			j.err = s.note(j.b)
		} else if j.err == nil {
			if deflated := <-j.done; deflated != nil {
				j.err = s.grain(j.b, deflated)
			}
		}
		if j.err != nil {
			return 0, j.err
		}
	}
	return s.grains * block, s.end(descSectors)
}

var zeros [block]byte

// readGrains reads ahead and compresses on all processors; the order of the
// jobs is that of the disk.
func readGrains(c content, stop chan struct{}) <-chan *job {
	jobs := make(chan *job, 64)
	limit := make(chan struct{}, runtime.NumCPU())
	send := func(j *job) bool {
		select {
		case jobs <- j:
			return true
		case <-stop:
			return false
		}
	}
	go func() {
		defer close(jobs)
		for b := int64(0); b < c.blocks(); {
			from, to, ok := c.nextData(b)
			if !ok {
				from, to = c.blocks(), c.blocks()
			}
			for b += holePerMarker / block; b <= from; b += holePerMarker / block {
				if !send(&job{b: b - 1, note: true}) {
					return
				}
			}
			for b = from; b < to; b++ {
				p := make([]byte, block)
				if err := c.readBlock(b, p); err != nil {
					send(&job{err: err})
					return
				}
				if bytes.Equal(p, zeros[:]) {
					continue
				}
				j := &job{b: b, done: make(chan []byte, 1)}
				limit <- struct{}{}
				go func() {
					j.done <- deflate(p)
					<-limit
				}()
				if !send(j) {
					return
				}
			}
		}
	}()
	return jobs
}

// deflaters are used again: making one costs more than compressing a grain.
var deflaters = sync.Pool{New: func() interface{} {
	z, _ := zlib.NewWriterLevel(io.Discard, zlib.BestSpeed)
	return z
}}

func deflate(p []byte) []byte {
	var b bytes.Buffer
	z := deflaters.Get().(*zlib.Writer)
	defer deflaters.Put(z)
	z.Reset(&b)
	_, _ = z.Write(p)
	_ = z.Close()
	return b.Bytes()
}
