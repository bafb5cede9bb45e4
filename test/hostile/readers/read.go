// Reads one message a line, in base64, and writes what encoding/json finds in it: one JSON line for each.
// Its structs match member names without regard to case, as servers written in Go do.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
)

type message struct {
	ID     any     `json:"id"`
	Method *string `json:"method"`
	Params struct {
		Name   *string `json:"name"`
		URI    *string `json:"uri"`
		TaskID *string `json:"taskId"`
		Ref    struct {
			Name *string `json:"name"`
			URI  *string `json:"uri"`
		} `json:"ref"`
		Notifications any `json:"notifications"`
	} `json:"params"`
}

type subscriptions struct {
	ResourceSubscriptions any `json:"resourceSubscriptions"`
}

func governed(line string) any {
	raw, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	var read message
	if err := json.Unmarshal(raw, &read); err != nil {
		return map[string]string{"error": err.Error()}
	}
	var inner subscriptions
	if _, isObject := read.Params.Notifications.(map[string]any); isObject {
		text, _ := json.Marshal(read.Params.Notifications)
		_ = json.Unmarshal(text, &inner)
	}
	p := read.Params
	return []any{read.ID, read.Method, p.Name, p.URI, p.TaskID, p.Ref.Name, p.Ref.URI, inner.ResourceSubscriptions}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64*1024*1024)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		text, _ := json.Marshal(governed(lines.Text()))
		fmt.Fprintln(out, string(text))
	}
}
