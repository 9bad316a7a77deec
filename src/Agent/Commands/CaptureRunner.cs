using System.Globalization;
using Agent.Capture;
using Agent.Configuration;
using Agent.Kernel;
using Agent.Kernel.ProcFs;
using Agent.Sources;

namespace Agent.Commands;

/// <summary>Writes an archive of what a report reads, and says what to do with it.</summary>
internal sealed class CaptureRunner(CommandServices services)
{
    private const string StandardOutput = "-";

    private readonly Terminal _terminal = services.Terminal;

    public async Task<int> RunAsync(string file, string? configurationFile)
    {
        if (services.LoadConfiguration(configurationFile) is not { } configuration)
        {
            return ExitCode.Usage;
        }

        var procRoot = configuration.Options.Collection.ProcRoot;
        if (Refusal(file, procRoot) is { } refusal)
        {
            _terminal.WriteError(refusal);
            return ExitCode.Usage;
        }

        using var signal = new TerminationSignal();
        var work = Task.Run(() => Write(file, configuration.Options, signal.Token), CancellationToken.None);
        await ScanProgress.ShowAsync(work, "capturing", _terminal, services.Time).ConfigureAwait(false);
        try
        {
            return await work.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (signal.ExitCode != 0)
        {
            return signal.ExitCode;
        }
        catch (KernelException exception)
        {
            _terminal.WriteError($"{procRoot} could not be read: {exception.Message}");
            return ExitCode.NothingRead;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _terminal.WriteError(
                $"{file} could not be written: {exception.Message.TrimEnd('.')}; name a file in a directory that you may write, or -");
            return ExitCode.Usage;
        }
    }

    private string? Refusal(string file, string procRoot)
    {
        if (file == StandardOutput && _terminal.OutputIsTerminal)
        {
            return "an archive is nothing for a terminal; name a file, or send it on: closewatch capture - > node.tar.gz";
        }

        return ProcMount.IsLive(procRoot) ? null : $"{procRoot} is a captured tree already; give it to report --proc-root as it is";
    }

    private int Write(string file, AgentOptions options, CancellationToken cancellationToken)
    {
        var procRoot = options.Collection.ProcRoot;
        var directory = $"closewatch-{DirectoryName(new NodeReader(procRoot, options.Pods.NodeName, isLive: true).Info.Name)}";
        using var output = Open(file);
        CaptureArchive archive;
        int namespaces;
        try
        {
            using (archive = new CaptureArchive(output, directory, services.Time.GetUtcNow()))
            {
                namespaces = new ProcCapture(procRoot, archive, services.Time).Run(cancellationToken);
            }
        }
        catch when (output is FileStream { CanSeek: true } partial)
        {
            // Half an archive must not be taken for one.
            partial.SetLength(0);
            throw;
        }

        return Say(file, directory, archive, namespaces);
    }

    private Stream Open(string file)
    {
        if (file == StandardOutput)
        {
            return _terminal.OpenBinaryOutput();
        }

        return Create(file);
    }

    /// <summary>Only for whoever made it: it names the pods' peers.</summary>
    private static FileStream Create(string file) => new(file, new FileStreamOptions
    {
        Mode = FileMode.Create,
        Access = FileAccess.Write,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });

    private int Say(string file, string directory, CaptureArchive archive, int namespaces)
    {
        if (archive.Refusals is [var refusal, ..])
        {
            _terminal.WriteError($"{archive.Refusals.Count} files are missing, the first one because of {refusal}");
        }

        _terminal.WriteError(string.Create(
            CultureInfo.InvariantCulture,
            $"{archive.Files} files of {namespaces} network namespaces; there: "
            + $"tar -xzf {(file == StandardOutput ? "FILE" : Path.GetFileName(file))} && closewatch report --proc-root {directory}"));
        return namespaces == 0 ? ExitCode.NothingRead : ExitCode.Done;
    }

    /// <summary>The name of a machine may be anything: of it, what is safe to paste.</summary>
    private static string DirectoryName(string node)
    {
        var safe = string.Concat(node.Where(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_'))
            .Trim('.', '-');
        return safe.Length is > 0 and <= 64 ? safe : "node";
    }
}
