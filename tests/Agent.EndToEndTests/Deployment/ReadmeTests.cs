using System.Text.RegularExpressions;
using Xunit;

namespace Agent.EndToEndTests.Deployment;

/// <summary>
/// Every command of README.md, pasted literally into a shell in the repository's folder. What the tests' machine lacks (a cluster, a
/// container engine, helm) or what would take minutes is a stand-in that writes down how it was called and answers as the real one would.
/// </summary>
public sealed partial class ReadmeTests : IDisposable
{
    /// <summary>What each command must call, in order; "real" is run for real and must succeed.</summary>
    private static readonly Dictionary<string, string[]> s_expected = new(StringComparer.Ordinal)
    {
        ["closewatch report"] = ["closewatch report"],
        ["kubectl -n closewatch exec daemonset/closewatch -- closewatch report"] = ["kubectl -n closewatch exec daemonset/closewatch -- closewatch report"],
        ["make demo"] = ["dotnet build src/Agent", "demo/demo artifacts/bin/Agent/release/closewatch"],
        ["make run"] = ["dotnet build src/Agent", "artifacts/bin/Agent/release/closewatch report"],
        ["make test"] = ["tests/run"],
        ["make image push IMAGE=registry.example/closewatch:1.0"] =
            ["docker build -t registry.example/closewatch:1.0 .", "docker push registry.example/closewatch:1.0"],
        ["make deploy IMAGE=registry.example/closewatch:1.0"] = ["kubectl apply -k artifacts/deploy", Rollout],
        ["make image && kind load docker-image closewatch:dev && make deploy"] =
            [Build, "kind load docker-image closewatch:dev", "kubectl apply -k artifacts/deploy", Rollout],
        ["make image && minikube image load closewatch:dev && make deploy"] =
            [Build, "minikube image load closewatch:dev", "kubectl apply -k artifacts/deploy", Rollout],
        ["make image && docker save closewatch:dev | sudo k3s ctr images import - && make deploy"] =
            [Build, "docker save closewatch:dev", "k3s ctr images import -", "kubectl apply -k artifacts/deploy", Rollout],
        ["helm install closewatch deploy/helm --namespace closewatch --create-namespace --set image.repository=registry.example/closewatch --set image.tag=1.0"] =
            ["helm install closewatch deploy/helm --namespace closewatch --create-namespace --set image.repository=registry.example/closewatch --set image.tag=1.0"],
        ["kubectl label namespace closewatch pod-security.kubernetes.io/enforce=privileged"] =
            ["kubectl label namespace closewatch pod-security.kubernetes.io/enforce=privileged"],
        [OfPod] =
        [
            "kubectl -n shop get pod cart-0 -o jsonpath={.spec.nodeName}",
            "kubectl -n closewatch get pod -l app.kubernetes.io/name=closewatch -o name --field-selector spec.nodeName=worker-7",
            "kubectl -n closewatch exec pod/closewatch-x -- closewatch report --pod shop/cart-0",
        ],
        ["sudo install deploy/plugin/kubectl-closewatch /usr/local/bin/ && kubectl closewatch pod shop/cart-0"] =
            ["install deploy/plugin/kubectl-closewatch /usr/local/bin/", "kubectl closewatch pod shop/cart-0"],
        ["kubectl debug node/worker-1 -it --profile=sysadmin --image=registry.example/closewatch:1.0 -- closewatch report"] =
            ["kubectl debug node/worker-1 -it --profile=sysadmin --image=registry.example/closewatch:1.0 -- closewatch report"],
        [DockerRun] = [DockerRun],
        ["make deb && sudo apt-get install ./artifacts/deb/closewatch_*.deb"] =
            ["dotnet publish src/Agent", "deploy/linux/make-deb", "apt-get install ./artifacts/deb/closewatch_*.deb"],
        ["kubectl apply -k deploy/monitoring"] = ["kubectl apply -k deploy/monitoring"],
    };

    private const string Build = "docker build -t closewatch:dev .";

    private const string Rollout = "kubectl -n closewatch rollout status daemonset/closewatch --timeout=2m";

    private const string OfPod =
        "kubectl -n closewatch exec \"$(kubectl -n closewatch get pod -l app.kubernetes.io/name=closewatch -o name --field-selector "
        + "\"spec.nodeName=$(kubectl -n shop get pod cart-0 -o jsonpath='{.spec.nodeName}')\")\" -- closewatch report --pod shop/cart-0";

    private const string DockerRun =
        "docker run --rm --pid host --network host --cap-drop ALL --cap-add NET_ADMIN --cap-add SYS_ADMIN --cap-add SYS_PTRACE "
        + "--security-opt apparmor=unconfined registry.example/closewatch:1.0 report";

    // Writes down its call, in a pipe after those before it; answers what README's own lines read back.
    private const string StandIn =
        """
        #!/bin/sh
        case "${0##*/}" in k3s) cat >/dev/null ;; esac
        echo "${0##*/} $*" >>"$CALLS"
        case "${0##*/} $*" in
          "kubectl -n shop get pod"*) echo worker-7 ;;
          "kubectl -n closewatch get pod"*) echo pod/closewatch-x ;;
          "docker info"*) ;;
        esac
        """;

    // Make runs for real, and only shows what would take minutes, or is this very test run.
    private const string Make =
        """
        #!/bin/sh
        case $1 in
          demo|run|test|deb) /usr/bin/make -n "$@" | tee -a "$CALLS" ;;
          *) /usr/bin/make "$@" ;;
        esac
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-readme-");

    public ReadmeTests()
    {
        foreach (var name in (string[])["kubectl", "docker", "kind", "minikube", "k3s", "helm", "install", "apt-get", "closewatch"])
        {
            Write(name, StandIn);
        }

        Write("sudo", "#!/bin/sh\nexec \"$@\"\n");
        Write("make", Make);
    }

    public static TheoryData<string> Commands => [.. Read()];

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Commands_AllOfThem_AreKnownHere() => Assert.Equal(s_expected.Keys.Order(StringComparer.Ordinal), Read().Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Command_Pasted_CallsWhatItShould(string command)
    {
        var result = await Command.RunAsync(
            ["bash", "-c", "set -o pipefail; cd \"$0\" && eval \"$1\"", Repository.Root, command],
            environment: new Dictionary<string, string>
            {
                ["PATH"] = $"{_directory.FullName}:{Environment.GetEnvironmentVariable("PATH")}",
                ["CALLS"] = Path.Combine(_directory.FullName, "calls"),
            });

        Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}: {result.Output} {result.Error}");
        var calls = File.ReadAllLines(Path.Combine(_directory.FullName, "calls")).Where(static call => call != "docker info" && !call.StartsWith("docker buildx imagetools inspect", StringComparison.Ordinal)).Select(Plain).ToList();
        foreach (var expected in s_expected[command])
        {
            var at = calls.FindIndex(call => call.Contains(expected, StringComparison.Ordinal));
            Assert.True(at >= 0, $"not called: {expected}; but {string.Join(" | ", calls)}");
            calls.RemoveRange(0, at + 1);
        }
    }

    /// <summary>The lines of README's blocks of commands, without what is said about them.</summary>
    private static IEnumerable<string> Read() =>
        from Match block in Block().Matches(File.ReadAllText(Repository.PathOf("README.md")))
        from line in block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        select Remark().Replace(line, "");

    private static string Plain(string call) => Provenance().Replace(call.Replace(Repository.Root + "/", "", StringComparison.Ordinal), "");

    private void Write(string name, string script)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, script);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\s+# .*$")]
    private static partial Regex Remark();

    // ImageScriptTests have them.
    [GeneratedRegex("--build-arg [A-Z_]+=[^ ]* |--label [^ ]+ ")]
    private static partial Regex Provenance();
}
