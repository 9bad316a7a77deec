using System.CommandLine;

namespace Agent.Commands;

/// <summary><c>closewatch capture FILE</c>.</summary>
internal sealed class CaptureCommand(CommandServices services, CommonOptions common)
{
    private readonly Argument<string> _file = new("FILE") { Description = "The archive to write (tar.gz); -: standard output" };

    public Command Create()
    {
        var command = new Command(
            "capture",
            "Copy the files of /proc that a report reads into an archive, for 'report --proc-root' on another machine; "
            + "it holds addresses and names of pods' processes, no data of connections, no environment")
        {
            _file,
        };
        command.SetAction((parsed, _) => new CaptureRunner(services).RunAsync(parsed.GetValue(_file)!, parsed.GetValue(common.Config)));
        return command;
    }
}
