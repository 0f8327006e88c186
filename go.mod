module lisplab

go 1.26
