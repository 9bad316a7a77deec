using Agent.Reporting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Xunit;

namespace Agent.Tests.Agent.Reporting;

public sealed class ReportQueryTests
{
    public static TheoryData<string> Queries => new(
        new ReportQuery(ReportFormat.Text, new(), new()).ToQueryString(),
        new ReportQuery(ReportFormat.Json, new() { Namespace = "a&b=c", Pod = "shop/web é", Top = 0, Connections = 3, Quiet = true }, new(120, Color: true, Unicode: false)).ToQueryString());

    [Theory]
    [MemberData(nameof(Queries))]
    public void Parse_WhatWasWritten_IsTheSame(string written)
    {
        var query = ReportQuery.Parse(new QueryCollection(QueryHelpers.ParseQuery(written)), ReportFormat.Html, out var problem);

        Assert.Equal("", problem);
        Assert.Equal(written, query!.ToQueryString());
    }

    [Theory]
    [InlineData("?width=100000")]
    [InlineData("?color=red")]
    [InlineData("?output=pdf")]
    [InlineData("?output=7")]
    public void Parse_NotUnderstood_SaysWhat(string written)
    {
        Assert.Null(ReportQuery.Parse(new QueryCollection(QueryHelpers.ParseQuery(written)), ReportFormat.Text, out var problem));
        Assert.StartsWith($"'{written[1..]}' is not understood;", problem, StringComparison.Ordinal);
    }
}
