// One program for all components of a test cluster: those of Kubernetes, etcd, and two small stand-ins,
// a NetworkPolicy enforcer (netpol) and an Ingress controller (ingress). Its name says which one it is (a symbolic link).
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectlcmd "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// Constructors, not commands: making one registers flags and feature gates, so only one is made.
var commands = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-proxy":              kubeproxy.NewProxyCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubectl":                 func() *cobra.Command { return kubectlcmd.NewDefaultKubectlCommand() },
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
}

var programs = map[string]func(){
	"etcd":    func() { etcdmain.Main(os.Args) },
	"ingress": runIngress,
	"netpol":  runNetpol,
}

func main() {
	name := filepath.Base(os.Args[0])
	if run, ok := programs[name]; ok {
		run()
		return
	}
	if construct, ok := commands[name]; ok {
		os.Exit(cli.Run(construct()))
	}
	names := slices.Sorted(maps.Keys(programs))
	names = append(names, slices.Sorted(maps.Keys(commands))...)
	fmt.Fprintln(os.Stderr, "call it by the name of a component: "+strings.Join(names, ", "))
	os.Exit(2)
}
