using System.Text.Json;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>A dashboard of deploy/monitoring/dashboards.</summary>
public sealed record Dashboard(string Name, JsonElement Json)
{
    public static readonly IReadOnlyList<string> Names = ["cluster", "node"];

    public static Dashboard Read(string name) =>
        new(name, JsonDocument.Parse(File.ReadAllBytes(Repository.PathOf($"deploy/monitoring/dashboards/{name}.json"))).RootElement);

    public IEnumerable<DashboardPanel> Panels => Json.GetProperty("panels").EnumerateArray().Select(static panel => new DashboardPanel(panel));

    public IEnumerable<DashboardPanel> DataPanels => Panels.Where(static panel => panel.Kind is not ("row" or "text"));

    /// <summary>Those of annotations and of variables, label_values() of a metric.</summary>
    public IEnumerable<string> OtherQueries =>
    [
        .. Json.GetProperty("annotations").GetProperty("list").EnumerateArray().Select(static annotation => annotation.GetProperty("expr").GetString()!),
        .. Json.GetProperty("templating").GetProperty("list").EnumerateArray().Where(static variable => variable.GetProperty("type").GetString() == "query")
            .Select(static variable => variable.GetProperty("query").GetProperty("query").GetString()!),
    ];

    public IEnumerable<string> VariableNames => Json.GetProperty("templating").GetProperty("list").EnumerateArray().Select(static variable => variable.GetProperty("name").GetString()!);
}

/// <summary>A panel of it.</summary>
public sealed record DashboardPanel(JsonElement Json)
{
    public string Title => Json.GetProperty("title").GetString()!;

    public string Kind => Json.GetProperty("type").GetString()!;

    public int Id => Json.GetProperty("id").GetInt32();

    public string Description => Json.TryGetProperty("description", out var description) ? description.GetString()! : "";

    public JsonElement Defaults => Json.GetProperty("fieldConfig").GetProperty("defaults");

    public IEnumerable<string> Queries => Json.GetProperty("targets").EnumerateArray().Select(static target => target.GetProperty("expr").GetString()!);

    public (int X, int Y, int Width, int Height) Place
    {
        get
        {
            var place = Json.GetProperty("gridPos");
            return (place.GetProperty("x").GetInt32(), place.GetProperty("y").GetInt32(), place.GetProperty("w").GetInt32(), place.GetProperty("h").GetInt32());
        }
    }
}
