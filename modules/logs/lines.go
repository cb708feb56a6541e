package logs

import (
	"sort"
	"time"
)

// lines are the last lines of an output, by consecutive numbers.
type lines struct {
	began int64 // the number of the first line that there was
	first int64 // the number of the oldest line that is kept
	bytes []byte
	marks []mark
	from  int // where the oldest line begins in bytes
	cut   int // how many marks are of dropped lines
}

// mark is where a line ends, and when it was written, in Unix milliseconds. The end counts from the beginning of bytes.
type mark struct {
	end  int
	time int64
}

func (l *lines) add(line []byte, at time.Time) {
	l.bytes = append(l.bytes, line...)
	l.marks = append(l.marks, mark{len(l.bytes), at.UnixMilli()})
}

// drop drops the oldest line. What was dropped is freed when it is more than what is kept, so that each byte is moved
// once on average.
func (l *lines) drop() {
	l.from = l.marks[l.cut].end
	l.cut++
	l.first++
	if l.cut <= len(l.marks)/2 && l.from <= len(l.bytes)/2 {
		return
	}
	l.bytes = l.bytes[:copy(l.bytes, l.bytes[l.from:])]
	l.marks = l.marks[:copy(l.marks, l.marks[l.cut:])]
	for i := range l.marks {
		l.marks[i].end -= l.from
	}
	l.from, l.cut = 0, 0
}

// size is what the lines count, in bytes.
func (l *lines) size() int { return len(l.bytes) - l.from + markSize*(len(l.marks)-l.cut) }

// last is the number of the newest line.
func (l *lines) last() int64 { return l.first + int64(len(l.marks)-l.cut) - 1 }

// at returns a line that is kept.
func (l *lines) at(number int64) (text []byte, written time.Time) {
	i := l.cut + int(number-l.first)
	begin := l.from
	if i > l.cut {
		begin = l.marks[i-1].end
	}
	return l.bytes[begin:l.marks[i].end], time.UnixMilli(l.marks[i].time).UTC()
}

// before is the number of the last line that was written before a time.
func (l *lines) before(t time.Time) int64 {
	kept := l.marks[l.cut:]
	n := sort.Search(len(kept), func(i int) bool { return kept[i].time >= t.UnixMilli() })
	return l.first + int64(n) - 1
}
