namespace Agent.KernelTests.Conntrack;

/// <summary>One line of <c>conntrack -L -o extended</c>, read without any code of the program.</summary>
internal sealed record ListedEntry(
    string Protocol, string Source, string Destination, string Port, string ReplySource, string ReplyPort, string ReplyDestination, string ReplyDestinationPort, string SourcePort, string Zone)
{
    public static ListedEntry Parse(string line)
    {
        var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] All(string key) => [.. columns.Where(column => column.StartsWith(key, StringComparison.Ordinal)).Select(column => column[key.Length..]), "", ""];
        return new(
            columns[2], All("src=")[0], All("dst=")[0], All("dport=")[0], All("src=")[1], All("sport=")[1], All("dst=")[1], All("dport=")[1], All("sport=")[0],
            All("zone=")[0]);
    }
}
