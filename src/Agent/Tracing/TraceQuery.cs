using System.Globalization;
using Agent.Core.Tracing;
using Microsoft.AspNetCore.Http.Extensions;

namespace Agent.Tracing;

/// <summary>What <c>closewatch trace</c> wants to see, as the query of a URL.</summary>
internal static class TraceQuery
{
    /// <summary>Where an agent is asked for it.</summary>
    public const string Path = "/trace";

    /// <summary>What an agent says that it sends.</summary>
    public const string Schema = "closewatch.trace/v1";

    /// <summary>Reads a query; null when something in it is not understood.</summary>
    public static TraceFilter? Parse(IQueryCollection query, out string problem)
    {
        problem = "";
        var filter = new TraceFilter();
        foreach (var (name, values) in query)
        {
            var value = values.ToString();
            switch (name)
            {
                case "namespace":
                    filter = filter with { Namespace = value };
                    break;
                case "pod":
                    filter = filter with { Pod = value };
                    break;
                case "port" when ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port):
                    filter = filter with { Port = port };
                    break;
                case "lost" when bool.TryParse(value, out var lost):
                    filter = filter with { LostOnly = lost };
                    break;
                default:
                    problem = $"'{name}={value}' is not understood; there are namespace, pod, port, lost=true";
                    return null;
            }
        }

        return filter;
    }

    /// <summary>The path and query that <see cref="Parse"/> reads as this.</summary>
    public static string ToPath(TraceFilter filter)
    {
        var query = new QueryBuilder();
        Add("namespace", filter.Namespace);
        Add("pod", filter.Pod);
        Add("port", filter.Port?.ToString(CultureInfo.InvariantCulture));
        Add("lost", filter.LostOnly ? "true" : null);
        return Path + query;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                query.Add(name, value);
            }
        }
    }
}
