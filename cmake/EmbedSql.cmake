# cmake -DOUT=file.c -DFILES=a.sql,b.sql -P EmbedSql.cmake: the migrations as one C table, in the order of their names.
string(REPLACE "," ";" files "${FILES}")
list(SORT files)
set(arrays "")
set(rows "")
foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    string(REGEX MATCH "^[0-9]+" number ${name})
    math(EXPR version "${number}")
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(APPEND arrays "static const char sql_${number}[] = {${bytes}0};\n")
    string(APPEND rows "    {${version}, \"${name}\", sql_${number}},\n")
endforeach()
file(WRITE ${OUT} "#include \"store/migration.h\"\n\n${arrays}
const wn_migration wn_migrations[] = {\n${rows}};
const size_t wn_migration_count = sizeof wn_migrations / sizeof wn_migrations[0];\n")
