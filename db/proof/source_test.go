package proof

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// variant is a text from which something was taken.
type variant struct{ what, without, text string }

// token is a word, a string, a number, a parenthesis or another character of SQL, with its place and how many
// parentheses it stands in. Comments and white space are none.
type token struct {
	word       string // in lower case
	start, end int
	depth      int
}

var lexer = regexp.MustCompile(`--[^\n]*|'(?:[^']|'')*'|"(?:[^"]|"")*"|` +
	`[A-Za-z_][A-Za-z0-9_.]*|[0-9]+|:=|<>|<=|>=|\|\||::|\S`)

func lex(text string) []token {
	var out []token
	depth := 0
	for _, at := range lexer.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		if strings.HasPrefix(word, "--") {
			continue
		}
		if word == ")" {
			depth--
		}
		out = append(out, token{word: strings.ToLower(word), start: at[0], end: at[1], depth: depth})
		if word == "(" {
			depth++
		}
	}
	return out
}

// ends are the words that end a condition, or an operand of it, where they stand as deep as it does.
var ends = words("; then loop group order limit for returning union from where on join left inner cross set when " +
	"end else as")

// begins are the words behind which one begins.
var begins = words(`if elsif where on when select using check , return := and or not`)

func words(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// until finds the token that ends what stands behind tokens[i], and stops at `and` and `or` if that is one of several
// operands.
func until(tokens []token, i int, several bool) int {
	j := i + 1
	for ; j < len(tokens); j++ {
		t := tokens[j]
		if t.depth < tokens[i].depth {
			break
		}
		distinct := t.word == "from" && tokens[j-1].word == "distinct"
		next := several && (t.word == "and" || t.word == "or")
		if t.depth == tokens[i].depth && (ends[t.word] && !distinct || next) {
			break
		}
	}
	return j
}

// operandBefore finds where the first operand of an `and` or `or` begins, and tells whether it is the first.
func operandBefore(tokens []token, i int) (int, bool) {
	for j := i - 1; j >= 0; j-- {
		t := tokens[j]
		switch {
		case t.depth < tokens[i].depth:
			return j + 1, true
		case t.depth == tokens[i].depth && (t.word == "and" || t.word == "or"):
			return 0, false
		case t.depth == tokens[i].depth && begins[t.word] && t.word != "not":
			return j + 1, true
		}
	}
	return 0, true
}

// withoutOperands takes each operand of each `and` and `or` away, one at a time.
func withoutOperands(text string) []variant {
	tokens := lex(text)
	var out []variant
	for i, t := range tokens {
		if t.word != "and" && t.word != "or" {
			continue
		}
		out = append(out, cut("without", text, span{t.start, tokens[until(tokens, i, true)-1].end}))
		if j, first := operandBefore(tokens, i); first {
			v := cut("without", text, span{tokens[j].start, t.end})
			out = append(out, v)
		}
	}
	return numbered(out)
}

// span is a part of a text.
type span struct{ start, end int }

func cut(what, text string, at span) variant { return replace(what, text, at, "") }

func replace(what, text string, at span, by string) variant {
	gone := strings.Join(strings.Fields(text[at.start:at.end]), " ")
	return variant{what, gone, text[:at.start] + by + text[at.end:]}
}

// numbered gives variants that would share a name different ones.
func numbered(all []variant) []variant {
	seen := map[string]int{}
	for i := range all {
		key := all[i].what + all[i].without
		seen[key]++
		if n := seen[key]; n > 1 {
			all[i].without += " #" + strconv.Itoa(n)
		}
	}
	return all
}

// withoutConditions are the ways to take from a function what it looks at, in whatever order.
func withoutConditions(text, language string) []variant {
	out := withoutOperands(text)
	tokens := lex(text)
	for i, t := range tokens {
		next := func(k int) string {
			if i+k < len(tokens) {
				return tokens[i+k].word
			}
			return ""
		}
		through := func(j int) int { return tokens[j-1].end }
		switch {
		case (t.word == "if" || t.word == "elsif") && (i == 0 || tokens[i-1].word != "end"):
			out = append(out, replace("never", text, span{tokens[i+1].start, through(until(tokens, i, false))}, "false"))
		case t.word == "where" || t.word == "on" && next(1) != "conflict" && next(1) != "constraint":
			out = append(out, replace("all", text, span{tokens[i+1].start, through(until(tokens, i, false))}, "true"))
		case t.word == "limit" && next(1) == "1" && language == "plpgsql": // `select into` takes one row anyway
		case t.word == "limit":
			out = append(out, cut("unlimited", text, span{t.start, through(until(tokens, i, false))}))
		case t.word == "least" && next(1) == "(":
			out = append(out, leastOf(text, tokens[i:])...)
		case t.word == "for" && next(1) == "update", t.word == "order" && next(1) == "by":
			out = append(out, cut("without", text, span{t.start, through(until(tokens, i, false))}))
		}
	}
	if language == "plpgsql" {
		out = append(out, withoutStatements(text, tokens)...)
	}
	return numbered(out)
}

// leastOf leaves one of two bounds.
func leastOf(text string, tokens []token) []variant {
	comma, end := 0, 0
	for i, t := range tokens {
		if t.word == "," && t.depth == tokens[0].depth+1 && comma == 0 {
			comma = i
		}
		if t.word == ")" && t.depth == tokens[0].depth {
			end = i
			break
		}
	}
	first := text[tokens[2].start:tokens[comma].start]
	return []variant{replace("unbounded", text, span{tokens[0].start, tokens[end].end}, first)}
}

// doing are the words that begin a statement which does something, beside those that set a column of `new`.
var doing = words(`insert update delete perform`)

// withoutStatements takes each statement away that writes, sets or calls, and each call of several in one.
func withoutStatements(text string, tokens []token) []variant {
	var out []variant
	starts := true
	for i, t := range tokens {
		if starts && t.depth == 0 && (doing[t.word] || strings.HasPrefix(t.word, "new.")) {
			j := i
			for ; j < len(tokens) && tokens[j].word != ";"; j++ {
			}
			out = append(out, replace("not", text, span{t.start, tokens[j].start}, "null"))
			if t.word == "perform" {
				out = append(out, withoutCalls(text, tokens[i+1:j])...)
			}
		}
		starts = slices.Contains([]string{";", "begin", "then", "else", "loop"}, t.word)
	}
	return out
}

// withoutCalls puts null for each of several expressions.
func withoutCalls(text string, tokens []token) []variant {
	var at []int
	for i, t := range tokens {
		if t.word == "," && t.depth == tokens[0].depth {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return nil
	}
	var out []variant
	from := 0
	for _, to := range append(at, len(tokens)) {
		out = append(out, replace("call", text, span{tokens[from].start, tokens[to-1].end}, "null"))
		from = to + 1
	}
	return out
}
