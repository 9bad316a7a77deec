// Renders a chart as "helm template RELEASE CHART --namespace NAMESPACE --values -" would, with Go's templates and sprig,
// for the tests alone. What Helm adds to sprig and this chart uses is here: include, toYaml, .Release, .Chart, .Values and
// .Files.Get, numbers as Helm has them (every number of the values is a float64), missing values as nothing. Not here:
// subcharts, hooks, lookup, tpl, capabilities. A chart that used those would fail here, so its templates stay this simple.
//
//	render CHART RELEASE NAMESPACE <values.yaml
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type files struct{ chart string }

// Get is empty for a file that is not there, as in Helm.
func (f files) Get(name string) string {
	content, _ := os.ReadFile(filepath.Join(f.chart, name))
	return string(content)
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("render CHART RELEASE NAMESPACE <values.yaml"))
	}
	chart, release, namespace := os.Args[1], os.Args[2], os.Args[3]
	meta := parse(read(os.Open(filepath.Join(chart, "Chart.yaml"))))
	values := parse(read(os.Open(filepath.Join(chart, "values.yaml"))))
	merge(values, parse(read(os.Stdin, nil)))

	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(sprig.TxtFuncMap()).Funcs(template.FuncMap{
		"toYaml": toYaml,
		"include": func(name string, data interface{}) (string, error) {
			var out bytes.Buffer
			err := all.ExecuteTemplate(&out, name, data)
			return out.String(), err
		},
	})
	names, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	check(err)
	sort.Strings(names)
	for _, name := range names {
		_, err := all.New(filepath.Base(name)).Parse(string(read(os.Open(name))))
		check(err)
	}

	data := map[string]interface{}{
		"Values":  values,
		"Chart":   map[string]interface{}{"Name": meta["name"], "Version": meta["version"], "AppVersion": meta["appVersion"]},
		"Release": map[string]interface{}{"Name": release, "Namespace": namespace, "Service": "Helm"},
		"Files":   files{chart},
	}
	for _, name := range names {
		if base := filepath.Base(name); strings.HasSuffix(base, ".yaml") || base == "NOTES.txt" {
			var out bytes.Buffer
			check(all.ExecuteTemplate(&out, base, data))
			text := strings.ReplaceAll(out.String(), "<no value>", "")
			if base == "NOTES.txt" {
				fmt.Fprint(os.Stderr, text)
			} else {
				fmt.Printf("---\n# Source: %s\n%s\n", base, text)
			}
		}
	}
}

// Through JSON, so that types are those that Helm's templates see.
func parse(text []byte) map[string]interface{} {
	var value interface{}
	check(yaml.Unmarshal(text, &value))
	result := map[string]interface{}{}
	if value != nil {
		bytes, err := json.Marshal(value)
		check(err)
		check(json.Unmarshal(bytes, &result))
	}
	return result
}

// Objects are merged, anything else is replaced, null removes.
func merge(into, from map[string]interface{}) {
	for key, value := range from {
		have, isObject := into[key].(map[string]interface{})
		if with, ok := value.(map[string]interface{}); ok && isObject {
			merge(have, with)
		} else if value == nil {
			delete(into, key)
		} else {
			into[key] = value
		}
	}
}

func toYaml(value interface{}) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	var node interface{}
	if err := yaml.Unmarshal(text, &node); err != nil {
		return "", err
	}
	out, err := yaml.Marshal(node)
	return strings.TrimSuffix(string(out), "\n"), err
}

func read(from io.Reader, err error) []byte {
	check(err)
	content, err := io.ReadAll(from)
	check(err)
	return content
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "render:", err)
	os.Exit(1)
}
