// Command controlplane is a Kubernetes control plane for tests in one binary.
//
// Its first argument says which part of one it is: etcd, kube-apiserver or
// kube-controller-manager. All that follows is handed to that part unchanged.
// The parts are the released ones, taken from their modules; nothing is patched.
package main

import (
	"fmt"
	"os"
	"slices"
	_ "time/tzdata" // cron jobs with a time zone, also where the machine has no zone files

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

var kubernetes = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
}

func main() {
	if len(os.Args) < 2 {
		fail("no face given")
	}
	face := os.Args[1]
	os.Args = slices.Delete(os.Args, 1, 2)
	if face == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	command, known := kubernetes[face]
	if !known {
		fail(fmt.Sprintf("no face is called %q", face))
	}
	os.Exit(cli.Run(command()))
}

func fail(reason string) {
	fmt.Fprintln(os.Stderr, "controlplane:", reason+"; use etcd, kube-apiserver or kube-controller-manager")
	os.Exit(2)
}
