using System.Diagnostics;
using System.Text.Json;

namespace Agent.EndToEndTests;

/// <summary>
/// A function of a text in Debian's Python, for many calls: one process, started at the first, which ends with its standard input.
/// </summary>
/// <param name="imports">What it needs: statements on one line.</param>
/// <param name="function">An expression of <c>request</c> that JSON can show.</param>
internal sealed class Python(string imports, string function)
{
    private readonly Lock _turn = new();
    private readonly Lazy<Process> _process = new(() => Process.Start(Command.StartInfo(["/usr/bin/python3", "-c", $"""
        import json, sys
        {imports}
        for line in sys.stdin:
            request = json.loads(line)
            try:
                answer = [{function}]
            except Exception as exception:
                answer = type(exception).__name__ + ": " + str(exception)
            print(json.dumps(answer), flush=True)
        """]))!);

    /// <summary>Its value; an <see cref="InvalidOperationException"/> with the name and the text of the exception that it ended with.</summary>
    public Task<JsonElement> AskAsync(string request) => Task.Run(() =>
    {
        using var answer = JsonDocument.Parse(Exchange(JsonSerializer.Serialize(request)));
        return answer.RootElement.ValueKind == JsonValueKind.String ? throw new InvalidOperationException(answer.RootElement.GetString()) : answer.RootElement[0].Clone();
    });

    private string Exchange(string line)
    {
        lock (_turn)
        {
            var process = _process.Value;
            process.StandardInput.WriteLine(line);
            process.StandardInput.Flush();
            return process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"python3 ended: {process.StandardError.ReadToEnd()}");
        }
    }
}
